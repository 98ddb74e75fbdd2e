/** What Connect's gRPC transport asks of a connection; it does not export the type. */
import type { createGrpcTransport } from "@connectrpc/connect-node";

export type NodeHttp2ClientSessionManager = NonNullable<Parameters<typeof createGrpcTransport>[0]["sessionManager"]>;
