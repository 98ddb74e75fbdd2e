module lotkeeper.test/httpclients

go 1.24

require (
	connectrpc.com/connect v1.19.1
	google.golang.org/protobuf v1.36.10
)
