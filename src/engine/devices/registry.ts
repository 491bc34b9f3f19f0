/** The devices that the specifications of this machine offer: all `*.json` and `*.yaml` of some folders, later folders first. */
import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { errnoOf } from "../../errors.ts";
import { readNamedFile } from "../../sys/index.ts";
import { parseYaml } from "../../yaml.ts";
import { type CdiDevice, type CdiSpec, readCdiSpec } from "./cdi-spec.ts";

/** A device by its whole name. */
export interface RegisteredDevice {
  /** "vendor.com/class=name" */
  readonly name: string;
  readonly device: CdiDevice;
  readonly spec: CdiSpec;
}

/** What was found. */
export interface DeviceRegistry {
  /** Sorted by name. */
  readonly devices: readonly RegisteredDevice[];
  /** What is wrong with files whose devices are not among them, one sentence each. */
  readonly problems: readonly string[];
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_FILES = 1000;

/** Reads the folders; one that is not there has no devices. A bad file, or two files of one folder with one device, are problems, not errors. */
export async function readDeviceRegistry(folders: readonly string[]): Promise<DeviceRegistry> {
  const devices = new Map<string, RegisteredDevice>();
  const problems: string[] = [];
  for (const folder of folders) {
    const here = new Map<string, RegisteredDevice & { readonly path: string }>();
    const twice = new Set<string>();
    for (const path of await specFiles(folder, problems)) {
      const spec = await specIn(path, problems);
      for (const device of spec?.devices ?? []) {
        const name = `${spec?.kind}=${device.name}`;
        const other = here.get(name);
        if (other !== undefined) {
          twice.add(name);
          problems.push(`"${other.path}" and "${path}" both have device ${name}`);
        } else if (spec !== undefined) here.set(name, { name, device, spec, path });
      }
    }
    for (const [name, found] of here) {
      if (twice.has(name)) devices.delete(name);
      else devices.set(name, { name, device: found.device, spec: found.spec });
    }
  }
  return { devices: [...devices.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)), problems };
}

async function specFiles(folder: string, problems: string[]): Promise<string[]> {
  try {
    const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => !entry.isDirectory());
    const names = entries.flatMap(({ name }) => ([".json", ".yaml"].includes(extname(name)) ? [name] : [])).toSorted();
    if (names.length > MAX_FILES) problems.push(`"${folder}" has ${names.length} specifications; only ${MAX_FILES} are read`);
    return names.slice(0, MAX_FILES).map((name) => join(folder, name));
  } catch (error) {
    const code = errnoOf(error);
    if (code !== "ENOENT") problems.push(`"${folder}" cannot be read (${code ?? String(error)})`);
    return [];
  }
}

async function specIn(path: string, problems: string[]): Promise<CdiSpec | undefined> {
  try {
    const found = await readNamedFile({ path }, { maxBytes: MAX_FILE_BYTES });
    if ("problem" in found) {
      problems.push(`"${path}" cannot be read: ${found.problem}`);
      return undefined;
    }
    const text = found.bytes.toString("utf8");
    const read = readCdiSpec(path.endsWith(".json") ? JSON.parse(text) : await valueOf(text));
    if ("spec" in read) return read.spec;
    problems.push(`"${path}" is no CDI specification: ${read.problem}`);
  } catch (error) {
    problems.push(`"${path}" cannot be read: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
  }
  return undefined;
}

async function valueOf(text: string): Promise<unknown> {
  const { document, mistake } = await parseYaml(text);
  if (mistake !== undefined) throw new SyntaxError(mistake.message);
  return document.toJS();
}
