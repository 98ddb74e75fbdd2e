// Calls by Connect and gRPC-Web, on HTTP/1.1 and HTTP/2; exits with 0 where all of it went as it should.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";

const [url, token, operationId, descriptors] = process.argv.slice(2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
const service = (name) => registry.getService(`lotkeeper.inventory.v1.${name}`);
const headers = { Authorization: `Bearer ${token}` };

const transports = {
  "connect, json, HTTP/1.1": createConnectTransport({ baseUrl: url, httpVersion: "1.1", useBinaryFormat: false }),
  "connect, binary, HTTP/1.1, packed": createConnectTransport({ baseUrl: url, httpVersion: "1.1", useBinaryFormat: true }),
  "connect, binary, HTTP/2": createConnectTransport({ baseUrl: url, httpVersion: "2" }),
  "connect, json, HTTP/2": createConnectTransport({ baseUrl: url, httpVersion: "2", useBinaryFormat: false }),
  "connect, json, GET": createConnectTransport({ baseUrl: url, httpVersion: "1.1", useBinaryFormat: false, useHttpGet: true }),
  "connect, binary, GET, HTTP/2": createConnectTransport({ baseUrl: url, httpVersion: "2", useHttpGet: true }),
  "grpc-web, HTTP/1.1": createGrpcWebTransport({ baseUrl: url, httpVersion: "1.1" }),
  "grpc-web, HTTP/2": createGrpcWebTransport({ baseUrl: url, httpVersion: "2" }),
};

let made = 0;
for (const [name, transport] of Object.entries(transports)) {
  const operations = createClient(service("InventoryOperationService"), transport);
  const executed = await operations.executeInventoryOperation(
    { inventoryOperationId: operationId, primaryLotIdOrName: "NODE", quantity: 1, requestId: `node ${name}` },
    { headers, timeoutMs: 60000 },
  );
  assert.equal(executed.inventoryLotRecord.quantity, 1);
  made += 1;

  await assert.rejects(
    operations.executeInventoryOperation({ inventoryOperationId: "x" }, { headers }),
    (error) => error instanceof ConnectError && error.code === Code.InvalidArgument && error.details.length === 2,
  );
  await assert.rejects(
    operations.listInventoryOperations({}),
    (error) => error.code === Code.Unauthenticated,
  );

  const listed = await operations.listInventoryOperations({ pageSize: 10 }, { headers });
  assert.ok(listed.inventoryOperations.length > 0);

  const pieces = [];
  for await (const piece of operations.exportInventoryOperations({ format: 2 }, { headers })) pieces.push(piece.data);
  assert.ok(Buffer.concat(pieces).includes("operation"));

  if (!name.startsWith("grpc-web")) {
    const sent = async function* () {
      yield { format: 2, validateOnly: true };
      for (const data of pieces) yield { data };
    };
    const imported = await operations.importInventoryOperations(sent(), { headers });
    assert.equal(imported.failed, 0n);
  }
  console.log(`node: ${name}: as it should be`);
}
console.log(`made ${made}`);
process.exit(0);
