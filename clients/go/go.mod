module github.com/lotkeeper/lotkeeper/clients/go

go 1.24.0

require (
	google.golang.org/genproto v0.0.0-20260128011058-8636f8732409
	google.golang.org/genproto/googleapis/api v0.0.0-20260122232226-8e98ce8d340d
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260122232226-8e98ce8d340d
	google.golang.org/grpc v1.80.0
	google.golang.org/protobuf v1.36.11
)

require (
	golang.org/x/net v0.49.0 // indirect
	golang.org/x/sys v0.40.0 // indirect
	golang.org/x/text v0.33.0 // indirect
)
