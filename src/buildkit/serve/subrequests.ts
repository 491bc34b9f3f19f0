/** What clients ask about a Dockerfile instead of building it: `--call=check`, `outline`, `targets`. */
import { checkDockerfile, outline, targets } from "../../api/index.ts";
import type { ClientBuild } from "./client-build.ts";
import { notServed } from "./errors.ts";
import type { AnswerWriters, Told } from "./readers.ts";

const VERSION = "1.0.0";

/** The answer, by the names that clients look for. Throws `UNSUPPORTED` for another question. */
export async function answerSubrequest(
  name: string,
  { options }: ClientBuild,
  writers: AnswerWriters,
): Promise<Record<string, Uint8Array>> {
  const { context, file, cwd, env, root, buildArgs, buildContexts, target, platforms = [] } = options;
  const question = { context, file, cwd, env, root, buildArgs, buildContexts, target };
  const [platform] = platforms;
  switch (name) {
    case "frontend.lint": {
      const result = await checkDockerfile({ ...question, platforms });
      // Advice of Decant's own is no warning: a client would count it as one.
      const warnings = result.warnings.filter(({ origin }) => origin === "buildkit");
      return metadataOf(writers.check({ ...result, warnings }), { "result.statuscode": result.passed ? "0" : "1" });
    }
    case "frontend.outline":
      return metadataOf(writers.outline(await outline({ ...question, platform })));
    case "frontend.targets":
      return metadataOf(writers.targets(await targets({ ...question, platform })));
    case "frontend.subrequests.describe":
      return metadataOf(writers.describe());
    default:
      throw notServed(`The question "${name}"`, "Ask for check, outline or targets");
  }
}

function metadataOf({ text, json }: Told, more: Readonly<Record<string, string>> = {}): Record<string, Uint8Array> {
  const texts = {
    "result.json": `${JSON.stringify(json, undefined, 2)}\n`,
    "result.txt": text.map((line) => `${line}\n`).join(""),
    version: VERSION,
    ...more,
  };
  return Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, Buffer.from(value)]));
}
