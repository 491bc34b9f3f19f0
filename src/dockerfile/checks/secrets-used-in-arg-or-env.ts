/** BuildKit's SecretsUsedInArgOrEnv. */
import { follows } from "../../followed.ts";
import { soundsSecret } from "../secret-names.ts";
import { atStep, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** Names that sound like a secret: values of ARG and ENV stay in the image and its history. Values are never looked at. */
export const secretsUsedInArgOrEnv: Rule = buildkitRule(
  "SecretsUsedInArgOrEnv",
  "secrets-used-in-arg-or-env",
  "Sensitive data should not be used in the ARG or ENV commands",
  function* ({ stages, options }) {
    const rules = { psw: follows(options.followed, "psw-is-secret"), fileAndVersion: follows(options.followed, "file-is-no-secret") };
    for (const step of stages.flatMap(({ steps }) => steps)) {
      const { instruction, values } = step;
      if (instruction.kind !== "arg" && instruction.kind !== "env") continue;
      const places = instruction.kind === "arg" ? instruction.args : instruction.pairs;
      for (const [index, place] of places.entries()) {
        const key = (instruction.kind === "arg" ? values[index] : values[index * 2]) ?? "";
        if (!soundsSecret(key, rules)) continue;
        const message = `Do not use ARG or ENV instructions for sensitive data (${instruction.kind.toUpperCase()} "${key}")`;
        yield atStep(step, message, place.key.range);
      }
    }
  },
);
