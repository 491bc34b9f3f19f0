/** All cases by topic. */
import type { Case } from "../types.ts";
import { add } from "./add.ts";
import { archives } from "./archives.ts";
import { args } from "./args.ts";
import { compressed } from "./compressed.ts";
import { config } from "./config.ts";
import { controlFiles } from "./control-files.ts";
import { copy } from "./copy.ts";
import { git } from "./git.ts";
import { heredoc } from "./heredoc.ts";
import { ignore } from "./ignore.ts";
import { layers } from "./layers.ts";
import { link } from "./link.ts";
import { mounts } from "./mounts.ts";
import { onbuildCases } from "./onbuild.ts";
import { run } from "./run.ts";
import { stages } from "./stages.ts";
import { syntax } from "./syntax.ts";
import { times } from "./times.ts";
import { workdir } from "./workdir.ts";

export const TOPICS: Readonly<Record<string, readonly Case[]>> = {
  syntax,
  args,
  stages,
  config,
  onbuild: onbuildCases,
  workdir,
  copy,
  link,
  add,
  compressed,
  archives,
  times,
  ignore,
  "control-files": controlFiles,
  run,
  heredoc,
  mounts,
  layers,
  git,
};
