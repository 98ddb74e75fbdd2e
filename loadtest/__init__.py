"""Load with ghz, k6, Locust, h2load and a Go program, on a plant that is made for it, with an audit."""
