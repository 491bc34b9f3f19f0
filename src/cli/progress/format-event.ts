/** Small texts that the renderers share. */
import type { ResultEvent, SizeEvent, WarningEvent } from "../../events.ts";
import { formatSize } from "../../bytes.ts";
import { safeLine } from "../style.ts";
import type { TransferState } from "../../progress.ts";

/** "0.4s", "12.3s", "2m 03s". */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 99.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, "0")}s`;
}

/** "pull 1a2b3c4d5e6f  12.3 MB / 45 MB  5.2 MB/s". */
export function formatTransfer(transfer: TransferState): string {
  const { action, currentBytes, totalBytes, done } = transfer;
  const size = done || totalBytes === undefined ? formatSize(currentBytes) : `${formatSize(currentBytes)} / ${formatSize(totalBytes)}`;
  const ms = transfer.updatedAt - transfer.startedAt;
  const rate = ms < 200 || done ? "" : `  ${formatSize(Math.round((currentBytes / ms) * 1000))}/s`;
  return `${action} ${shortId(transfer.id)}  ${size}${rate}`;
}

/** "StageNameCasing: … (Dockerfile:3)", and further lines of its message. */
export function formatWarning(event: WarningEvent): readonly [first: string, ...rest: string[]] {
  const place = event.source === undefined ? "" : ` (${event.source.file}:${event.source.line})`;
  const [first = "", ...rest] = event.message.split("\n");
  return [safeLine(`${event.code}: ${first}${place}`), ...rest.map(safeLine)];
}

/** "image docker.io/library/app:latest sha256:… 45 MB". */
export function formatResult(event: ResultEvent): string {
  // An image without a name has its ID there: one number is enough.
  const digest = event.digest === undefined || event.name.startsWith("sha256:") ? "" : ` ${event.digest}`;
  const size = event.sizeBytes === undefined ? "" : ` ${formatSize(event.sizeBytes)}`;
  return safeLine(`${event.kind} ${event.name}${digest}${size}`);
}

/** "size 45.1 MB (+1.2 MB)": against the build before, where there was one. */
export function formatSizeEvent({ target, platform, sizeBytes, previousBytes }: SizeEvent): string {
  const place = [target, platform].map((name) => (name === undefined ? "" : `${name} `)).join("");
  return `size ${safeLine(place)}${formatSize(sizeBytes)}${previousBytes === undefined ? "" : ` (${formatChange(sizeBytes - previousBytes)})`}`;
}

/** "+1.2 MB", "-3 kB", "as before". */
export function formatChange(bytes: number): string {
  return bytes === 0 ? "as before" : `${bytes < 0 ? "-" : "+"}${formatSize(Math.abs(bytes))}`;
}

/** Digests in `text` cut to what people compare: "node:18@sha256:1a2b3c4d5e6f". */
export function shortenDigests(text: string): string {
  return text.replace(/\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b/g, "$1");
}

function shortId(id: string): string {
  return safeLine(/^(sha256:|sha512:)?[0-9a-f]{64,128}$/.test(id) ? id.replace(/^sha\d+:/, "").slice(0, 12) : id);
}
