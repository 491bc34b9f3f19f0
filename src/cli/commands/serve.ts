/** `decant serve`: docker's own clients build with Decant. */
import { usageError } from "../../errors.ts";
import { parseDuration } from "../../dockerfile/index.ts";
import { type AnswerWriters, type OptionReaders, serve } from "../../buildkit/index.ts";
import type { DockerfileCheck, DockerfileOutline, DockerfileTargets } from "../../index.ts";
import { parseAttestations } from "../attestations.ts";
import { parseCacheSource, parseCacheTarget } from "../cache-options.ts";
import { defineCommand } from "../args.ts";
import { checkText } from "../call/check-text.ts";
import { checkJson, outlineJson, subrequestsJson, targetsJson } from "../call/json.ts";
import { outlineText, subrequestsText, targetsText } from "../call/outline-text.ts";
import type { Command } from "../command.ts";
import { parseOutput } from "../output-spec.ts";
import { parseResources } from "../resource-options.ts";
import { parseEntitlement, parseHost, parseShmSize, parseUlimit } from "../step-options.ts";
import { createStyle } from "../style.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** How the flags of this command line are read. */
export const READERS: OptionReaders = {
  output: parseOutput,
  cacheSource: parseCacheSource,
  cacheTarget: parseCacheTarget,
  attestations: parseAttestations,
  entitlement: parseEntitlement,
  ulimit: parseUlimit,
  host: parseHost,
  shmSize: parseShmSize,
  resources: parseResources,
};

/** How the answers of this command line are written. */
export const WRITERS: AnswerWriters = {
  check: (result: DockerfileCheck) => ({ text: checkText(result, createStyle(false)), json: checkJson(result) }),
  outline: (result: DockerfileOutline) => ({ text: outlineText(result), json: outlineJson(result) }),
  targets: (result: DockerfileTargets) => ({ text: targetsText(result), json: targetsJson(result) }),
  describe: () => ({ text: subrequestsText(), json: subrequestsJson() }),
};

/** The command. */
export const command: Command = defineCommand(
  {
    name: "serve",
    usage: "",
    summary: "Let docker buildx and other clients of BuildKit build with Decant",
    notes: `The server speaks BuildKit's control API, and builds with the store of --root.
Whoever can connect to it can run anything as its user. So a unix socket is for its user only, and TCP needs certificates on both sides.
Sockets that systemd has opened (LISTEN_FDS) take the place of --addr.

Examples:
  decant serve --addr unix:///run/user/1000/decant.sock --idle 10m
  docker buildx create --name decant --driver remote unix:///run/user/1000/decant.sock
  docker buildx build --builder decant -t app --output type=docker .`,
    options: {
      ...STORE_OPTION_TABLE,
      addr: {
        type: "string",
        multiple: true,
        value: "ADDRESS",
        help: "Where to listen: unix://PATH or tcp://HOST:PORT",
      },
      "allow-insecure-entitlement": {
        type: "string",
        multiple: true,
        value: "WHAT",
        help: "What clients may ask for their RUN steps (docker buildx build --allow)",
        choices: ["network.host", "security.insecure", "device"],
      },
      idle: { type: "string", value: "TIME", help: "End when no client was connected for so long, such as 30s or 10m; by default never" },
      stdio: { type: "boolean", help: "Serve one client on standard input and output, and end with it" },
      tlscacert: { type: "string", value: "FILE", help: "For tcp://: the authority that signs certificates of clients" },
      tlscert: { type: "string", value: "FILE", help: "For tcp://: the certificate of the server" },
      tlskey: { type: "string", value: "FILE", help: "For tcp://: the key of the server" },
    },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const { tlscacert: ca, tlscert: cert, tlskey: key } = values;
    const isActivated = context.env["LISTEN_FDS"] !== undefined;
    if (values.stdio !== true && values.addr.length === 0 && !isActivated)
      throw usageError(
        "Cannot serve: there is no address; wanted --addr unix://PATH or --stdio",
        "Run: decant serve --addr unix:///run/user/1000/decant.sock",
      );
    if (values.stdio === true && context.stdout.isTerminal)
      throw usageError("Cannot serve at a terminal: --stdio speaks to a program", "Serve at a socket: --addr unix://PATH");
    if (values.stdio === true && values.addr.length > 0) throw usageError("Cannot use --stdio with --addr: wanted one of them");
    const certificates = ca === undefined || cert === undefined || key === undefined ? undefined : { ca, cert, key };
    if (certificates === undefined && (ca ?? cert ?? key) !== undefined)
      throw usageError("Cannot use certificates: wanted all of --tlscacert, --tlscert and --tlskey");
    // A client that goes away must not end the server before it has cancelled its builds.
    if (values.stdio === true) context.stdout.outliveReader?.();
    await serve({
      ...storeOptions(values, context),
      readers: READERS,
      writers: WRITERS,
      allow: values["allow-insecure-entitlement"],
      addresses: values.addr,
      certificates,
      idleMs: values.idle === undefined ? undefined : parseDuration(values.idle) / 1e6,
      streams: values.stdio === true ? { input: context.stdin, write: (chunk) => context.stdout.write(chunk) } : undefined,
      onOpen: (address) => void context.stderr.write(`Serving at ${address}\n`),
    });
    return 0;
  },
);
