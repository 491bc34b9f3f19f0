/** A build of the history as the trace that clients of BuildKit draw: a span for the build, and one for each step. Lines of JSON, in OpenTelemetry's words. */
import { createHash } from "node:crypto";
import type { ProgressState } from "../../progress.ts";
import type { BuildRecord } from "../../store/index.ts";
import { type Hide, vertexDigest } from "./status-log.ts";

/** What clients ask for. */
export const TRACE_TYPE = "application/vnd.buildkit.otlp.json.v0";

/** A span that is no other's. */
const NOBODY = { TraceID: "0".repeat(32), SpanID: "0".repeat(16), TraceFlags: "00", TraceState: "", Remote: false };

interface Span {
  readonly name: string;
  readonly id: string;
  readonly parent?: string;
  readonly from: number;
  readonly to: number;
  readonly failure?: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The trace of a build that has ended. */
export function traceOf(
  { id, startedAt, finishedAt = startedAt, state, error, title }: BuildRecord,
  { steps }: ProgressState,
  hide: Hide,
): string {
  const children: Span[] = [];
  for (const { vertex, name, state: end, endedAt = startedAt, startedAt: from = endedAt } of steps.values()) {
    const attributes = { vertex: vertexDigest(id, vertex), cached: String(end === "cached") };
    const failure = end === "failed" || end === "cancelled" ? end : undefined;
    children.push({ name, id: `step ${vertex}`, parent: "build", from, to: Math.max(from, endedAt), failure, attributes });
  }
  const failure = state === "done" ? undefined : (error ?? state);
  const build: Span = { name: title, id: "build", from: startedAt, to: finishedAt, failure, attributes: { ref: id } };
  return [build, ...children].map((span) => `${JSON.stringify(stubOf(id, span, hide, span === build ? children.length : 0))}\n`).join("");
}

function stubOf(trace: string, { name, id, parent, from, to, failure, attributes }: Span, hide: Hide, children: number): object {
  const hex = (text: string, length: number): string => createHash("sha256").update(text).digest("hex").slice(0, length);
  const contextOf = (span: string): object => ({
    ...NOBODY,
    TraceID: hex(trace, 32),
    SpanID: hex(`${trace}\0${span}`, 16),
    TraceFlags: "01",
  });
  return {
    Name: hide(name),
    SpanContext: contextOf(id),
    Parent: parent === undefined ? NOBODY : contextOf(parent),
    SpanKind: 1,
    StartTime: new Date(from).toISOString(),
    EndTime: new Date(to).toISOString(),
    Attributes: Object.entries(attributes).map(([key, value]) => textOf(key, value)),
    Events: null,
    Links: null,
    Status: failure === undefined ? { Code: "Ok", Description: "" } : { Code: "Error", Description: hide(failure) },
    DroppedAttributes: 0,
    DroppedEvents: 0,
    DroppedLinks: 0,
    ChildSpanCount: children,
    Resource: [textOf("service.name", "decant")],
    InstrumentationLibrary: { Name: "decant", Version: "", SchemaURL: "" },
  };
}

function textOf(key: string, value: string): object {
  return { Key: key, Value: { Type: "STRING", Value: value } };
}
