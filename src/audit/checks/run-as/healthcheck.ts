/** Whether the health check can work in the image as it is. */
import { findProgram } from "../../../facts/index.ts";
import type { AuditCheck } from "../../types.ts";
import { RUN_AS } from "./findings.ts";

/** The check. */
export const healthcheckCheck: AuditCheck = {
  group: "run-as",
  async run({ config }, { files }) {
    const [kind, ...args] = config.Healthcheck?.Test ?? [];
    if (kind === "CMD-SHELL") {
      const shell = config.Shell?.[0] ?? "/bin/sh";
      if (findProgram(shell, config, files) !== undefined) return [];
      return [
        RUN_AS.found("healthcheck-shell", {
          path: shell,
          message: `The health check "${args.join(" ")}" needs "${shell}", which is not in the image`,
          remedy: 'Write it as a list: HEALTHCHECK CMD ["/usr/bin/app", "--healthy"], with a program of the image',
        }),
      ];
    }
    const [program] = args;
    if (kind !== "CMD" || program === undefined || findProgram(program, config, files) !== undefined) return [];
    return [
      RUN_AS.found("healthcheck-program", {
        ...(program.startsWith("/") ? { path: program } : {}),
        message: `The health check starts "${program}", which is not in the image or cannot be started`,
        remedy: "Copy the program into the image, or let the application check itself",
      }),
    ];
  },
};
