/**
 * The JSON of `--call=…,format=json`, in the schema of docker buildx (BuildKit's frontend/subrequests). Not there: `definition` of a source, which is
 * about how BuildKit loaded the file, and the offsets of characters, which BuildKit leaves out too.
 */
import { basename } from "node:path";
import { given } from "../../given.ts";
import type { Diagnostic, DockerfileCheck, DockerfileOutline, DockerfileTargets, SourceFile, SourceRange } from "../../index.ts";
import { SUBREQUESTS } from "./outline-text.ts";

interface Lines {
  readonly first: number;
  readonly last: number;
}

/** Of `--call=check`. */
export function checkJson({ file, warnings, errors, violations }: DockerfileCheck): unknown {
  return {
    ...(warnings.length === 0
      ? { warnings: null }
      : {
          warnings: warnings.map(({ code, description, url, message, lines }) => ({
            ruleName: code,
            description,
            ...given({ url }),
            detail: message,
            location: location(lines),
          })),
        }),
    sources: [{ filename: basename(file.name), data: encode(file), language: "Dockerfile" }],
    ...buildError(errors[0], violations),
  };
}

/** Of `--call=outline`. */
export function outlineJson({ file, name, description, args, secrets, ssh }: DockerfileOutline): unknown {
  const uses = (list: DockerfileOutline["secrets"]): unknown[] =>
    list.map((use) => ({ name: use.name, ...(use.required ? { required: true } : {}), location: location(linesOf(use.range)) }));
  return {
    ...given({ name, description }),
    ...(args.length === 0
      ? {}
      : {
          args: args.map((arg) => ({
            name: arg.name,
            ...given({ description: arg.description }),
            ...(arg.value === undefined || arg.value === "" ? {} : { value: arg.value }),
            location: location(linesOf(arg.range)),
          })),
        }),
    ...(secrets.length === 0 ? {} : { secrets: uses(secrets) }),
    ...(ssh.length === 0 ? {} : { ssh: uses(ssh) }),
    sources: [encode(file)],
  };
}

/** Of `--call=targets`. */
export function targetsJson({ file, targets }: DockerfileTargets): unknown {
  return {
    targets: targets.map(({ name, isDefault, description, base, platform, line }) => ({
      ...given({ name }),
      ...(isDefault ? { default: true } : {}),
      ...given({ description }),
      base,
      ...given({ platform }),
      location: location({ first: line, last: line }),
    })),
    sources: [encode(file)],
  };
}

/** Of `--call=subrequests.describe`. */
export function subrequestsJson(): unknown {
  const metadata = [
    { name: "result.json", description: "" },
    { name: "result.txt", description: "" },
  ];
  return SUBREQUESTS.map(({ name, description }) => ({
    name: name === "check" ? "frontend.lint" : `frontend.${name}`,
    version: "1.0.0",
    type: "rpc",
    description,
    opts: name === "outline" ? [{ name: "target", description: "Target build stage" }] : [],
    inputs: null,
    metadata: name === "check" ? [...metadata, { name: "result.statuscode", description: "" }] : metadata,
    refs: null,
  }));
}

/** One range for each line, as BuildKit writes them. */
function location({ first, last }: Lines): unknown {
  return {
    ranges: Array.from({ length: last - first + 1 }, (_, index) => ({ start: { line: first + index }, end: { line: first + index } })),
  };
}

function buildError(error: Diagnostic | undefined, violations: readonly string[]): object {
  if (error !== undefined) return { buildError: { message: error.message, location: location(linesOf(error.range)) } };
  if (violations.length === 0) return {};
  return { buildError: { message: `lint violation found for rules: ${violations.join(", ")}`, location: {} } };
}

function linesOf({ start, end }: SourceRange): Lines {
  return { first: start.line, last: end.column === 1 && end.line > start.line ? end.line - 1 : end.line };
}

function encode(file: SourceFile): string {
  return Buffer.from(file.text).toString("base64");
}
