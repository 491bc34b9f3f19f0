/** All checks: BuildKit's in its order (linter/ruleset.go), then Decant's. */
import { aptListsLeftBehind } from "./apt-lists-left-behind.ts";
import { brokenJsonForm } from "./broken-json-form.ts";
import { commentAfterArguments } from "./comment-after-arguments.ts";
import { consistentInstructionCasing } from "./consistent-instruction-casing.ts";
import { copyIgnoredFile } from "./copy-ignored-file.ts";
import { copyWholeStage } from "./copy-whole-stage.ts";
import { duplicateStageName } from "./duplicate-stage-name.ts";
import { exposeInvalidFormat } from "./expose-invalid-format.ts";
import { exposeProtoCasing } from "./expose-proto-casing.ts";
import { fromAsCasing } from "./from-as-casing.ts";
import { fromPlatformFlagConstDisallowed } from "./from-platform-flag-const-disallowed.ts";
import { globalArgNotRedeclared } from "./global-arg-not-redeclared.ts";
import { invalidBaseImagePlatform } from "./invalid-base-image-platform.ts";
import { invalidDefaultArgInFrom } from "./invalid-default-arg-in-from.ts";
import { invalidDefinitionDescription } from "./invalid-definition-description.ts";
import { jsonArgsRecommended } from "./json-args-recommended.ts";
import { legacyKeyValueFormat } from "./legacy-key-value-format.ts";
import { libcMismatch } from "./libc-mismatch.ts";
import { maintainerDeprecated } from "./maintainer-deprecated.ts";
import { missingUser } from "./missing-user.ts";
import { multipleInstructionsDisallowed } from "./multiple-instructions-disallowed.ts";
import { noEmptyContinuation } from "./no-empty-continuation.ts";
import { noBreakSpace } from "./no-break-space.ts";
import { npmInstallWithLockFile } from "./npm-install-with-lock-file.ts";
import { redundantTargetPlatform } from "./redundant-target-platform.ts";
import { reservedStageName } from "./reserved-stage-name.ts";
import { runtimeHoldsBuildTools } from "./runtime-holds-build-tools.ts";
import { runtimeHoldsPackageManager } from "./runtime-holds-package-manager.ts";
import { secretsUsedInArgOrEnv } from "./secrets-used-in-arg-or-env.ts";
import { shellFormWithoutShell } from "./shell-form-without-shell.ts";
import { stageNameCasing } from "./stage-name-casing.ts";
import { undefinedArgInFrom } from "./undefined-arg-in-from.ts";
import { undefinedVar } from "./undefined-var.ts";
import { unusedStage } from "./unused-stage.ts";
import { workdirRelativePath } from "./workdir-relative-path.ts";
import type { Rule } from "./types.ts";

/** Every rule. */
export const RULES: readonly Rule[] = [
  stageNameCasing,
  fromAsCasing,
  noEmptyContinuation,
  consistentInstructionCasing,
  duplicateStageName,
  reservedStageName,
  jsonArgsRecommended,
  maintainerDeprecated,
  undefinedArgInFrom,
  workdirRelativePath,
  undefinedVar,
  multipleInstructionsDisallowed,
  legacyKeyValueFormat,
  invalidBaseImagePlatform,
  redundantTargetPlatform,
  secretsUsedInArgOrEnv,
  invalidDefaultArgInFrom,
  fromPlatformFlagConstDisallowed,
  copyIgnoredFile,
  invalidDefinitionDescription,
  exposeProtoCasing,
  exposeInvalidFormat,
  shellFormWithoutShell,
  globalArgNotRedeclared,
  brokenJsonForm,
  commentAfterArguments,
  noBreakSpace,
  runtimeHoldsBuildTools,
  runtimeHoldsPackageManager,
  copyWholeStage,
  libcMismatch,
  missingUser,
  unusedStage,
  npmInstallWithLockFile,
  aptListsLeftBehind,
];
