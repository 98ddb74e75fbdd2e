import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { LotkeeperError, SettingFault } from "../src/node/index.js";
import { clientOf } from "./plants.js";
import { ServedStore } from "./servers.js";

const folder = mkdtempSync(join(tmpdir(), "lotkeeper-typescript-tls-"));
const [caFile, serverKey, serverCertificate, clientKey, clientCertificate, otherCa] = [
  "ca.pem",
  "server.key",
  "server.pem",
  "client.key",
  "client.pem",
  "other.pem",
].map((name) => join(folder, name)) as [string, string, string, string, string, string];
let server: ServedStore;

function openssl(...command: string[]): void {
  execFileSync("openssl", command, { cwd: folder, stdio: "ignore" });
}

function makeCertificates(): void {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  openssl("req", "-x509", ...key, "-subj", "/CN=ca", "-keyout", "ca.key", "-out", caFile);
  openssl("req", "-x509", ...key, "-subj", "/CN=other", "-keyout", "other.key", "-out", otherCa);
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const signed = ["-CA", caFile, "-CAkey", "ca.key", "-x509"];
  openssl("req", ...signed, ...key, "-subj", "/CN=server", ...names, "-keyout", serverKey, "-out", serverCertificate);
  openssl("req", ...signed, ...key, "-subj", "/CN=line-4", "-keyout", clientKey, "-out", clientCertificate);
}

before(async () => {
  makeCertificates();
  const files = ["--tls-certificate-file", serverCertificate, "--tls-key-file", serverKey];
  server = await new ServedStore([...files, "--tls-client-ca-file", caFile]).start();
});

after(async () => {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

function unavailable(pattern: RegExp) {
  return (error: unknown) =>
    error instanceof LotkeeperError && error.code === "UNAVAILABLE" && pattern.test(error.message) ? true : assert.fail(String(error));
}

void test("a server is trusted by its CA, and is shown a client certificate", async () => {
  const client = clientOf(server, { caFile, clientCertificate, clientKey });
  await client.getPlantSettings({});
  client.close();
  const named = { address: server.address.replace("127.0.0.1", "localhost"), token: server.token };
  const byName = clientOf(named, { caFile, clientCertificate, clientKey });
  await byName.getPlantSettings({});
  byName.close();
});

void test("what no waiting mends ends a call at once, and says what to do", async () => {
  const cases = [
    [{ caFile: otherCa, clientCertificate, clientKey }, /certificate is not trusted .*caFile/],
    [{ caFile }, /it wants a client certificate/],
    [{}, /it expects TLS/],
  ] as const;
  for (const [options, pattern] of cases) {
    const begun = performance.now();
    const client = clientOf(server, options);
    await assert.rejects(client.getPlantSettings({}), unavailable(pattern));
    assert.ok(performance.now() - begun < 15_000);
    client.close();
  }
});

void test("a server without TLS is told from one that is away", async () => {
  const plain: Server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${String((plain.address() as { port: number }).port)}`;
  const client = clientOf({ address, token: "lk_x" }, { caFile });
  await assert.rejects(client.getPlantSettings({}), unavailable(/it answers without TLS/));
  client.close();
  plain.close();
});

void test("files that cannot be used are refused when the client is made", () => {
  const wrong = [{ caFile: clientKey }, { clientCertificate, clientKey: serverKey }, { clientCertificate }];
  for (const options of wrong) assert.throws(() => clientOf(server, options), SettingFault);
});
