/** What the oracle starts: all programs, or a few of each kind. */
import { JAVA_PACKAGES, JAVA_PROGRAMS } from "./programs-java.ts";
import { NODE_PROGRAMS, NPM_PACKAGES } from "./programs-node.ts";
import { PYTHON_PACKAGES, PYTHON_PROGRAMS } from "./programs-python.ts";
import type { Program, Selection } from "./types.ts";

const PROGRAMS: readonly Program[] = [...NODE_PROGRAMS, ...PYTHON_PROGRAMS, ...JAVA_PROGRAMS];

/** Everything. */
export const ALL: Selection = {
  programs: PROGRAMS,
  packages: { node: NPM_PACKAGES, python: PYTHON_PACKAGES, java: JAVA_PACKAGES },
  changes: Number.POSITIVE_INFINITY,
};

const SHORT_NPM = ["sharp", "better-sqlite3", "bcrypt", "@node-rs/argon2", "koffi", "snappy", "bufferutil", "ssh2", "ws"];

/** A fixed sample, on bases with little more than it needs. */
export const SHORT: Selection = {
  programs: [
    ...SHORT_NPM.map((name) => `node ${name}`),
    "node modules, dynamic imports and a worker",
    "node Workers in the working directory, and with modules of their own",
    "node Workers whose errors the program takes",
    "node try, catch and throw",
    ...["flask", "requests", "yaml", "lxml.etree", "own package", "-m own package", "-m json.tool --help"].map((name) => `python ${name}`),
    ...["--version", "ant", "bsh", "rhino", "an argument file", "options of the environment"].map((name) => `java ${name}`),
  ].map(programNamed),
  packages: {
    node: NPM_PACKAGES.filter((one) => SHORT_NPM.includes(one.replace(/@[^@]*$/, ""))),
    python: ["python3-flask", "python3-jinja2", "python3-lxml", "python3-requests", "python3-yaml"],
    java: ["ant", "bsh", "rhino"],
  },
  changes: 8,
};

function programNamed(name: string): Program {
  const found = PROGRAMS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no program is named "${name}"`);
  return found;
}
