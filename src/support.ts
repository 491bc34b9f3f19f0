/**
 * What `decant build` does of what BuildKit and docker buildx can do, row by row (F1 to F152). The one place for states and
 * words: errors take their hints from here, docs/reference/support.md is made of it, test/e2e/support.test.ts proves it. Data only.
 */
import { BUILD_ROWS } from "./support-build.ts";
import { LANGUAGE_ROWS } from "./support-language.ts";
import { RESULT_ROWS } from "./support-results.ts";
import type { SupportRow } from "./support-row.ts";

/** Every row, by number. */
export const SUPPORT: readonly SupportRow[] = [...LANGUAGE_ROWS, ...BUILD_ROWS, ...RESULT_ROWS];
