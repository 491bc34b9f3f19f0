/** `auditImage`: will it run, and what is in it that should not be. */
import * as v from "valibot";
import { type Allowance, type AuditPolicy, type AuditReport, runAudit } from "../audit/index.ts";
import { packageFinder } from "../project/index.ts";
import { openSubject } from "./audit-source.ts";
import { findProjectFile } from "../project/index.ts";
import { startRun } from "./run-handle.ts";
import { openSession, platformOf, type StoreOptions } from "../context/index.ts";
import { given } from "../given.ts";
import type { Run } from "./types.ts";
import { workingDirectory } from "../working-directory.ts";
import { amount, fields, flag, list, maybe, oneOf, record, STORE, text } from "./options/kinds.ts";
import { type Shape, shapeOf } from "./options/shape.ts";

/** Options of `auditImage`. */
export interface AuditImageOptions extends StoreOptions {
  /**
   * An image of the store or of a registry (it is pulled into the store when it is not there), "oci:PATH[:TAG|@DIGEST]" (an OCI layout,
   * as a folder or a tar, also one of docker save), or a root file system:
   * "dir:PATH", or a path that starts with "." or "/".
   */
  readonly image: string;
  /** E.g. "linux/arm64". Default: the host's. */
  readonly platform?: string | undefined;
  /** What the project wants. Default: the `audit:` part of the policy file. */
  readonly policy?: AuditPolicy | undefined;
  /** A file with an `audit:` part. Default: decant.yaml in `cwd`, if any. */
  readonly policyFile?: string | undefined;
  /** Ask no archive which Debian packages would close a gap. Default false: asked when there is one. */
  readonly offline?: boolean | undefined;
  /** Folder that relative paths start from. Default: the working directory. */
  readonly cwd?: string | undefined;
}

const policy = fields<AuditPolicy>({
  findings: maybe(record(oneOf("error", "warning", "note", "off"))),
  allow: maybe(
    list(fields<Allowance>({ id: maybe(text), path: maybe(text), reason: text, source: maybe(v.looseObject({}, "an object")) })),
  ),
  maxSizeBytes: maybe(amount),
  user: maybe(text),
});

const OPTIONS: Shape = shapeOf<AuditImageOptions>("auditImage", {
  ...STORE,
  image: text,
  platform: maybe(text),
  policy: maybe(policy),
  policyFile: maybe(text),
  offline: maybe(flag),
  cwd: maybe(text),
});

/**
 * Audits one image or directory. Rejects with `IMAGE_NOT_FOUND`, `REGISTRY*`, `CONFIG_FILE`, `USAGE` …, never for what it finds: see
 * `AuditReport.verdict`.
 */
export function auditImage(options: AuditImageOptions): Run<AuditReport> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    const cwd = options.cwd ?? workingDirectory();
    const project = await findProjectFile({ file: options.policyFile, context: undefined, cwd });
    await using session = await openSession(options, "look");
    const platform = platformOf(session, options.platform);
    const subject = await openSubject(options.image, { session, platform, cwd, command: "audit", emit, signal });
    const debian = { ...project?.debian, ...given({ offline: options.offline }) };
    return await runAudit(subject, {
      policy: options.policy ?? project?.audit ?? {},
      whoHas: packageFinder({ session, debian, platform: subject.platform, emit, signal }),
      signal,
    });
  });
}
