/** All targets. */
import type { Target } from "../types.ts";
import { FILES, GRAPHS } from "./buildkit.ts";
import { COMPRESSED } from "./compressed.ts";
import { DEB, PACKAGES, RELEASES } from "./debian.ts";
import { DOCKERFILES } from "./dockerfiles.ts";
import { ELF } from "./elf.ts";
import { MANIFESTS } from "./manifests.ts";
import { PATTERNS, REGEXPS } from "./patterns.ts";
import { RECORDS } from "./records.ts";
import { REGISTRY } from "./registry-answers.ts";
import { SCRIPTS } from "./scripts.ts";
import { SETTINGS } from "./settings.ts";
import { SIGNATURES } from "./signatures.ts";
import { TAR } from "./tar.ts";
import { ZIP } from "./zip.ts";

export const TARGETS: readonly Target[] = [
  TAR,
  COMPRESSED,
  ZIP,
  MANIFESTS,
  REGISTRY,
  DEB,
  PACKAGES,
  RELEASES,
  ELF,
  RECORDS,
  PATTERNS,
  REGEXPS,
  SETTINGS,
  SIGNATURES,
  SCRIPTS,
  GRAPHS,
  FILES,
  DOCKERFILES,
];
