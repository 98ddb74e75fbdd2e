/** Tells the story on the server of LOTKEEPER_ADDRESS; the first argument is its suffix. */
import { randomBytes } from "node:crypto";

import { connect } from "../src/node/index.js";
import { tellStory } from "./story.js";

const client = connect();
try {
  await tellStory(client, process.argv[2] ?? randomBytes(6).toString("hex"), (line) => process.stdout.write(`${line}\n`));
} finally {
  client.close();
}
