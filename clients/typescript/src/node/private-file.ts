/** Files that nobody but this user can have written or read. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from "node:fs";
import { dirname } from "node:path";

const FILE_BYTES_MAX = 4_096;
const OTHERS_WRITE = 0o022;
const NOT_PRIVATE = 0o077;
const PERMISSIONS = 0o777;

/** What stands in a file, without white space around it; undefined if there is none. Throws where it is not safe. */
export function privateContent(path: string): string | undefined {
  if (process.geteuid === undefined) return undefined; // Windows, where no development server runs
  const me = process.geteuid();
  const folder = dirname(path);
  const found = orNothing(() => lstatSync(folder));
  if (found === undefined) return undefined;
  if (!found.isDirectory()) throw new Error(`${folder} is not a folder`);
  if (found.uid !== me) throw new Error(`${folder} is not safe for tokens: it belongs to somebody else`);
  if ((found.mode & OTHERS_WRITE) !== 0) throw new Error(`${folder} is not safe for tokens: others may write there`);
  // From here on nobody else can change what is in the folder.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = orNothing(() => openSync(path, flags));
  if (file === undefined) return undefined;
  try {
    check(path, fstatSync(file), me);
    const content = Buffer.alloc(FILE_BYTES_MAX);
    const text = content.toString("latin1", 0, readSync(file, content, 0, FILE_BYTES_MAX, 0)).trim();
    return text === "" ? undefined : text;
  } finally {
    closeSync(file);
  }
}

function check(path: string, opened: Stats, me: number): void {
  if (!opened.isFile() || opened.nlink !== 1) throw new Error(`${path} is not a file of its own`);
  if (opened.uid !== me) throw new Error(`${path} belongs to somebody else`);
  if ((opened.mode & NOT_PRIVATE) !== 0) {
    const mode = (opened.mode & PERMISSIONS).toString(8);
    throw new Error(`${path} can be read or written by others; its mode is ${mode}`);
  }
}

/** What a call gives; undefined where there is no such file. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
