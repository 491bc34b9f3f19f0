/** Reading Dockerfiles and ignore files. Pure: text in, values out. */
export { type CsvField, parseCsv } from "./csv.ts";
export { type ModeChange, parseChmod } from "./chmod.ts";
export { detectSyntax } from "./directives.ts";
export { type Expansion, type ExpandOptions, expandWord, expandWords, type WordsExpansion } from "./expand.ts";
export { type ExposedPorts, parseExpose, parsePort } from "./expose.ts";
export { compileGlob, hasWildcard, matchGlob } from "./glob.ts";
export { type GlobalArgumentOptions, globalArguments, predefinedArguments } from "./global-arguments.ts";
export { runScript } from "./heredoc.ts";
export { createIgnoreMatcher, excludePatterns, type IgnoreMatcher, type IgnorePattern, parseIgnore } from "./ignore.ts";
export { resolveMount } from "./instructions/mount.ts";
export { checkParsed, parseDockerfile, parseTrigger } from "./parser.ts";
export { parseStopSignal } from "./signals.ts";
export { didYouMean, suggest } from "./suggest.ts";
export { parseBool, parseDuration, parseSize, parseUint32 } from "./values.ts";
export type * from "./types.ts";
