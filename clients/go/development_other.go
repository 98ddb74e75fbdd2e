//go:build !unix

package lotkeeper

import "errors"

// tokenFolder: no development server runs here.
func tokenFolder() (string, error) { return "", errors.ErrUnsupported }

func readPrivateFile(string) (string, error) { return "", nil }
