/** The client as browsers have it: by HTTP, in Node's fetch and in a real browser. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { connect, type WebConnectOptions } from "../src/web/index.js";
import { tellStory } from "../story/story.js";
import { consumeMilk, LOT } from "./plants.js";
import { PACKAGE, ROOT, ServedStore, withoutHttp } from "./servers.js";

const PROTOCOLS: readonly WebConnectOptions[] = [
  { protocol: "connect" },
  { protocol: "connect", json: true },
  { protocol: "grpc-web" },
];
const EXPECTED = join(ROOT, "clients", "story", "expected.txt");
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const skip = withoutHttp();
const skipStory = skip === false && !existsSync(EXPECTED) ? "clients/story is not here" : skip;
const skipBrowser = skipStory === false && !existsSync(CHROMIUM) ? `${CHROMIUM} is not here` : skipStory;
let server: ServedStore;
let pages: Server;
let origin: string;

before(async () => {
  if (skip !== false) return;
  pages = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://pages").pathname);
    const file = join(PACKAGE, path);
    if (path === "/") response.setHeader("content-type", "text/html").end(page());
    else if (extname(file) === ".js" && existsSync(file)) {
      response.setHeader("content-type", "text/javascript").end(readFileSync(file));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${String((pages.address() as AddressInfo).port)}`;
  server = await new ServedStore(["--http-allowed-origins", origin], true).start();
});

after(async () => {
  if (skip !== false) return;
  pages.close();
  pages.closeAllConnections();
  await server.remove();
});

/** A page that finds the packages where npm has put them, as no bundler is between. */
function page(): string {
  const modules = {
    "@bufbuild/protobuf": "protobuf/dist/esm/index.js",
    "@bufbuild/protobuf/codegenv2": "protobuf/dist/esm/codegenv2/index.js",
    "@bufbuild/protobuf/reflect": "protobuf/dist/esm/reflect/index.js",
    "@bufbuild/protobuf/wire": "protobuf/dist/esm/wire/index.js",
    "@bufbuild/protobuf/wkt": "protobuf/dist/esm/wkt/index.js",
    "@connectrpc/connect": "connect/dist/esm/index.js",
    "@connectrpc/connect/protocol": "connect/dist/esm/protocol/index.js",
    "@connectrpc/connect/protocol-connect": "connect/dist/esm/protocol-connect/index.js",
    "@connectrpc/connect/protocol-grpc-web": "connect/dist/esm/protocol-grpc-web/index.js",
    "@connectrpc/connect-web": "connect-web/dist/esm/index.js",
  };
  const imports = Object.entries(modules).map(([name, file]) => {
    return [name, `/node_modules/${name.startsWith("@bufbuild") ? "@bufbuild" : "@connectrpc"}/${file}`];
  });
  return `<!doctype html><script type="importmap">${JSON.stringify({ imports: Object.fromEntries(imports) as object })}</script>`;
}

for (const options of PROTOCOLS) {
  const name = JSON.stringify(options);
  void test(`the story is told to the letter by HTTP: ${name}`, { skip: skipStory }, async () => {
    const client = connect({ baseUrl: server.baseUrl, token: server.token, ...options });
    const lines: string[] = [];
    await tellStory(client, Math.random().toString(16).slice(2, 12), (line) => lines.push(`${line}\n`));
    assert.equal(lines.join(""), readFileSync(EXPECTED, "utf8"));
    client.close();
  });

  void test(`a watch goes on after a kill, by HTTP: ${name}`, { skip }, async () => {
    const client = connect({ baseUrl: server.baseUrl, token: server.token, ...options });
    const execution = { inventoryOperationId: await consumeMilk(client), primaryLotIdOrName: LOT, quantity: 1 };
    const watching = client.watchInventoryLotRecords();
    await watching.next();
    const next = async (): Promise<string> => {
      for (;;) {
        const { value } = await watching.next();
        if (value?.inventoryLotRecord !== undefined) return value.inventoryLotRecord.id;
      }
    };
    const first = await client.executeInventoryOperation(execution);
    assert.equal(await next(), first.inventoryLotRecord?.id);
    await server.kill();
    const waiting = client.executeInventoryOperation(execution); // finds nobody, and asks again
    const coming = next();
    await server.start();
    assert.equal(await coming, (await waiting).inventoryLotRecord?.id);
    await watching.return();
    client.close();
  });
}

void test("the story is told to the letter in a browser", { skip: skipBrowser }, async () => {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
  });
  try {
    const tab = await browser.newPage();
    await tab.goto(origin);
    for (const options of PROTOCOLS) {
      const told = await tab.evaluate(
        async ({ given, suffix }) => {
          const [web, story] = ["/build/src/web/index.js", "/build/story/story.js"];
          const { connect: connectHere } = (await import(web)) as { connect: typeof connect };
          const { tellStory: tell } = (await import(story)) as { tellStory: typeof tellStory };
          const client = connectHere(given);
          const lines: string[] = [];
          await tell(client, suffix, (line) => lines.push(`${line}\n`));
          client.close();
          return lines.join("");
        },
        { given: { baseUrl: server.baseUrl, token: server.token, ...options }, suffix: Math.random().toString(16).slice(2, 12) },
      );
      assert.equal(told, readFileSync(EXPECTED, "utf8"), JSON.stringify(options));
    }
  } finally {
    await browser.close();
  }
});
