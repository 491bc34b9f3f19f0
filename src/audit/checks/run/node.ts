/** Whether a Node.js program finds its main module and what that imports. */
import { elfMachineOf } from "../../../elf/index.ts";
import { absolutePath, fileAt, folderOf } from "../../../facts/index.ts";
import { displayPath, toText } from "../../../paths.ts";
import { execPlace, startedCommands } from "../../closure/commands.ts";
import { packageScript } from "../../closure/node-command.ts";
import { nodePackages } from "../../closure/node-packages.ts";
import { type NodeProgram, nodeProgram } from "../../closure/node-program.ts";
import type { MissingModule } from "../../closure/node-trace.ts";
import { similarPath } from "../../closure/similar-path.ts";
import type { AuditCheck, AuditContext, AuditFiles, AuditSubject, Finding, Severity } from "../../types.ts";
import { RUN, unlessCertain } from "./findings.ts";

const MAX_PATHS = 50;

/** The check. */
export const nodeCheck: AuditCheck = {
  group: "run",
  async run(subject, context) {
    const machine = elfMachineOf(subject.platform);
    if (machine === undefined) return [];
    const script = await missingScript(subject, context);
    if (script !== undefined) return [script];
    const program = await nodeProgram(subject, context.files, machine, context.signal);
    if (program === undefined) return [];
    const severity = unlessCertain(program.command);
    if (!program.main.found) return [mainMissing(program, program.main, context.files, severity)];
    return [
      ...program.missingPreloads.map((specifier) =>
        RUN.found("node-module-missing", {
          ...severity,
          message: `Node.js must load "${specifier}" before anything else, but the image does not have it`,
          remedy: "Install it with the dependencies of the application, or leave the option out",
          details: { specifier },
        }),
      ),
      ...program.missingEnvironment.map((name) =>
        RUN.found("node-main-missing", {
          ...severity,
          message: `Node.js must read the file "${name}" of --env-file, but the image does not have it`,
          remedy: "Copy it into the image, or write --env-file-if-exists",
          details: { name },
        }),
      ),
      ...modulesMissing(program.trace?.missing ?? [], context.files, severity),
      ...(program.trace?.misfits ?? []).map((one) => misfit(one, severity)),
      ...notExamined(program),
    ];
  },
};

async function missingScript(subject: AuditSubject, { files }: AuditContext): Promise<Finding | undefined> {
  const machine = elfMachineOf(subject.platform);
  if (machine === undefined) return undefined;
  const { workingDirectory } = execPlace(subject, files, machine);
  const command = (await startedCommands(subject, files, machine)).find(({ argv }) => packageScript(argv) !== undefined);
  const name = command === undefined ? undefined : packageScript(command.argv);
  if (command === undefined || command.result.problem !== undefined || name === undefined) return undefined;
  const own = await nodePackages(files).at(workingDirectory);
  // Without a script "start", npm starts server.js. yarn and pnpm take other words than scripts too.
  if (own?.scripts.has(toText(name)) === true) return undefined;
  if (own !== undefined && !["start", "run"].some((word) => command.argv.includes(word))) return undefined;
  if (name === "start" && fileAt(files, absolutePath("server.js", workingDirectory)) !== undefined) return undefined;
  const path = `${toText(workingDirectory === "/" ? "" : workingDirectory)}/package.json`;
  return RUN.found("node-main-missing", {
    path,
    message: `"${command.argv.map(toText).join(" ")}" needs ${own === undefined ? `"${path}", which is not in the image` : `a script "${toText(name)}", which "${path}" does not have`}`,
    remedy: 'Start the program itself: CMD ["node", "server.js"]. It also gets signals then',
  });
}

function mainMissing(
  { command }: NodeProgram,
  { name, path }: NodeProgram["main"],
  files: AuditFiles,
  severity: { readonly severity?: Severity },
): Finding {
  const isNode = /(?:^|\/)node(?:js)?$/.test(name);
  const isShell = /(?:^|\/)sh$/.test(name) && command.argv.includes("-c");
  const similar = similarPath(files, [path, `${path}.js`]);
  return RUN.found("node-main-missing", {
    ...severity,
    path: toText(path),
    message: `Node.js is started with "${toText(name)}" as its main module, but the image has no "${toText(path)}"${similar === undefined ? "" : `; it has "${toText(similar)}"`}`,
    remedy: isNode
      ? 'Leave "node" out of CMD: the ENTRYPOINT of the image is Node.js already. CMD ["server.js"]'
      : isShell
        ? 'Write CMD as a list: in shell form it becomes the arguments of ENTRYPOINT, which is Node.js. CMD ["server.js"]'
        : similar === undefined
          ? "Copy it into the image, or correct CMD or WORKDIR"
          : `Correct the path: Linux distinguishes upper and lower case; write "${toText(similar)}"`,
    details: { command: command.argv.map(toText) },
  });
}

/** One finding for each package, and for each file. */
function modulesMissing(missing: readonly MissingModule[], files: AuditFiles, given: { readonly severity?: Severity }): readonly Finding[] {
  const groups = Map.groupBy(missing, ({ specifier, from }) =>
    isPath(specifier) ? `${folderOf(from)}\0${specifier}` : (/^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier),
  );
  return [...groups.values()].flatMap((group) => {
    const first = group.find(({ certain }) => certain) ?? group[0];
    if (first === undefined) return [];
    const { specifier, from, certain, how, alternatives = [] } = first;
    const similar = isPath(specifier)
      ? similarPath(
          files,
          ["", ".js", ".mjs", ".cjs", ".json"].map((end) => absolutePath(specifier + end, folderOf(from))),
        )
      : undefined;
    return [
      RUN.found("node-module-missing", {
        ...(certain ? given : { severity: "warning" as const }),
        path: toText(from),
        message: `"${toText(from)}" ${HOW[how ?? "import"]} "${specifier}", which ${how === "builtin" ? "the Node.js of the image is too old for" : `is not ${how === "dependency" ? "whole " : ""}in the image`}${alternatives.length === 0 ? "" : `, nor is anything else that it would take (${alternatives.map((one) => `"${one}"`).join(", ")})`}${similar === undefined ? "" : `; it has "${toText(similar)}"`}`,
        remedy:
          how === "builtin"
            ? "Take a base with a later Node.js (nodejs24-debian13)"
            : alternatives.length === 0 && how !== "platform"
              ? moduleRemedy(specifier, similar)
              : PLATFORM_REMEDY,
        details: {
          specifier,
          ...(alternatives.length === 0 ? {} : { alternatives }),
          from: group.slice(0, MAX_PATHS).map((one) => toText(one.from)),
        },
      }),
    ];
  });
}

const HOW = {
  import: "imports",
  worker: "starts a Worker from",
  child: "starts a process of Node.js from",
  dependency: "names the dependency",
  platform: "names for this platform",
  builtin: "imports",
};
const PLATFORM_REMEDY =
  "Run npm ci in a stage for the platform and the C library of the image, without --omit=optional; do not copy node_modules from the host or from Alpine";

function moduleRemedy(specifier: string, similar: string | undefined): string {
  if (similar !== undefined) return "Correct the import: Linux distinguishes upper and lower case";
  if (isPath(specifier)) return "Copy the file into the image: look at COPY and at .dockerignore, and whether the build made it";
  if (specifier.startsWith("#")) return 'Look at "imports" of package.json, and whether the files that it names are copied';
  return `Install it in the stage that node_modules comes from, and list it in "dependencies", not "devDependencies"; COPY node_modules whole`;
}

function isPath(specifier: string): boolean {
  return /^(?:\.{0,2}\/|\.{1,2}$|file:)/.test(specifier);
}

function misfit(
  { entry, isModule }: NonNullable<NodeProgram["trace"]>["misfits"][number],
  severity: { readonly severity?: Severity },
): Finding {
  const path = displayPath(entry.path);
  const end = /\.[cm]js$/.exec(path)?.[0];
  const says = end === undefined ? `its package.json says "type": "${isModule ? "module" : "commonjs"}"` : `its name ends with "${end}"`;
  return RUN.found("node-module-kind", {
    ...severity,
    path,
    message: `Node.js runs "${path}" as ${isModule ? "an ES module" : "CommonJS"}, because ${says}; but it ${isModule ? "uses require, exports or module, which only CommonJS has" : "has import or export, which only ES modules have"}`,
    remedy: `Copy the package.json that lies beside the file where it is built, or name the file with ".${isModule ? "cjs" : "mjs"}" at the end`,
  });
}

function notExamined({ trace }: NodeProgram): readonly Finding[] {
  const [first, ...more] = trace?.skipped ?? [];
  if (first === undefined) return [];
  const path = displayPath(first.entry.path);
  return [
    RUN.found("node-not-examined", {
      path,
      message: `"${path}" ${more.length === 0 ? "was" : `and ${more.length} more files were`} not searched for imports: ${first.why}`,
      remedy: "You need not do anything; the audit does not check what these files import",
      details: { paths: [first, ...more].slice(0, MAX_PATHS).map(({ entry }) => displayPath(entry.path)) },
    }),
  ];
}
