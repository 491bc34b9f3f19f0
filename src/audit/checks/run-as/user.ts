/** Who the image runs as, and whether that is somebody. */
import type { RunUser } from "../../../engine/index.ts";
import { subjectUser } from "../../subject-user.ts";
import type { AuditCheck, Finding } from "../../types.ts";
import { RUN_AS } from "./findings.ts";

const NUMERIC = /^\d+(?::\d+)?$/;

/** The check. */
export const userCheck: AuditCheck = {
  group: "run-as",
  async run(subject, { policy }) {
    const told = subject.config.User ?? "";
    const user = await subjectUser(subject);
    if ("problem" in user) {
      const remedy = `Add "${told}" to /etc/passwd of the image, or give USER as numbers`;
      return [RUN_AS.found("user-unknown", { path: "/etc/passwd", message: user.problem, remedy, details: { user: told } })];
    }
    const findings: Finding[] = [];
    if (policy.user !== undefined && !isWanted(policy.user, told, user)) {
      findings.push(
        RUN_AS.found("user-not-allowed", {
          message: `The user is ${shown(told)}; the policy requires "${policy.user}"`,
          remedy: `Set USER ${policy.user} in the last stage`,
        }),
      );
    }
    if (user.uid === 0) {
      findings.push(
        RUN_AS.found("user-root", {
          message: told === "" ? "No USER is set, so the image runs as root" : `USER ${told} is root`,
          remedy: "Set USER to a number that is not 0, e.g. USER 65532:65532, or take the nonroot variant of the base",
        }),
      );
    } else if (!NUMERIC.test(told)) {
      findings.push(
        RUN_AS.found("user-by-name", {
          message: `USER ${told} is a name; Kubernetes refuses it with runAsNonRoot, because it cannot find out the number`,
          remedy: `Set USER ${user.uid}:${user.gid}`,
        }),
      );
    }
    return findings;
  },
};

function isWanted(wanted: string, told: string, user: RunUser): boolean {
  return wanted === told || wanted === told.split(":")[0] || wanted === String(user.uid) || wanted === `${user.uid}:${user.gid}`;
}

function shown(user: string): string {
  return user === "" ? "not set (root)" : `"${user}"`;
}
