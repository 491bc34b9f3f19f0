/** How servers misbehave (server.ts): each fault hits the next `times` requests whose "METHOD /path?query" matches. */
import type { IncomingMessage, ServerResponse } from "node:http";

interface FaultBase {
  readonly match: RegExp;
  /** Default 1. */
  readonly times?: number;
}

/** A way to go wrong. */
export type Fault =
  /** Answers with a status instead. */
  | (FaultBase & { readonly kind: "status"; readonly status: number; readonly headers?: Record<string, string>; readonly body?: string })
  | (FaultBase & { readonly kind: "redirect"; readonly to: string; readonly status?: number })
  /** Cuts the connection before any answer, after so many bytes of the request's body (default 0). */
  | (FaultBase & { readonly kind: "drop"; readonly afterBytes?: number })
  /** Never answers. */
  | (FaultBase & { readonly kind: "hang" })
  /** Cuts the connection after so many bytes of the body. */
  | (FaultBase & { readonly kind: "cut"; readonly afterBytes: number })
  /** Ends the body early as if it were whole. */
  | (FaultBase & { readonly kind: "short"; readonly bytes: number })
  /** Changes the first byte of the body. */
  | (FaultBase & { readonly kind: "corrupt" })
  /** Sends the body byte by byte, with so many milliseconds between them, and never more than `bytes`. */
  | (FaultBase & { readonly kind: "drip"; readonly everyMs: number; readonly bytes: number })
  /** Adds bytes to the body. */
  | (FaultBase & { readonly kind: "long"; readonly bytes: number })
  /** Sets headers of the proper answer; undefined takes one away. */
  | (FaultBase & { readonly kind: "headers"; readonly headers: Readonly<Record<string, string | undefined>> })
  | (FaultBase & { readonly kind: "ignore-range" });

/** A proper answer, before it is spoilt. */
export interface Answer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The faults that are waiting for their request. */
export interface Faults {
  add(fault: Fault): void;
  take(line: string): Fault | undefined;
  /** Sends an answer, spoilt by `fault`. */
  send(fault: Fault | undefined, answer: Answer, request: IncomingMessage, response: ServerResponse): void;
}

/** Makes an empty list of faults. */
export function createFaults(): Faults {
  let waiting: { readonly fault: Fault; left: number }[] = [];
  return {
    add: (fault) => void waiting.push({ fault, left: fault.times ?? 1 }),
    take(line) {
      const found = waiting.find(({ fault }) => fault.match.test(line));
      if (found === undefined) return undefined;
      found.left -= 1;
      waiting = waiting.filter(({ left }) => left > 0);
      return found.fault;
    },
    send(fault, answer, request, response) {
      let body = Buffer.from(answer.body ?? "");
      const headers: Record<string, string | undefined> = {
        "content-length": String(body.byteLength),
        ...answer.headers,
        ...(fault?.kind === "headers" ? fault.headers : {}),
      };
      if (fault?.kind === "corrupt") body = Buffer.from(body.map((byte, at) => (at === 0 ? byte ^ 255 : byte)));
      if (fault?.kind === "long") body = Buffer.concat([body, Buffer.alloc(fault.bytes)]);
      if (fault?.kind === "short") body = body.subarray(0, fault.bytes);
      if (fault?.kind === "short" || fault?.kind === "long") delete headers["content-length"];
      response.writeHead(answer.status ?? 200, Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)));
      if (request.method === "HEAD") response.end();
      else if (fault?.kind === "drip") drip(body.subarray(0, fault.bytes), fault.everyMs, response);
      else if (fault?.kind === "cut") response.write(body.subarray(0, fault.afterBytes), () => request.socket.destroy());
      else response.end(body);
    },
  };
}

function drip(body: Buffer, everyMs: number, response: ServerResponse): void {
  let at = 0;
  const timer = setInterval(() => {
    if (at < body.byteLength) response.write(body.subarray(at, at + 1));
    at += 1;
  }, everyMs);
  response.once("close", () => clearInterval(timer));
}

/** Plays the faults that replace the whole answer; `onCut` hears what came of a request that was dropped. False for those that spoil a proper one. */
export async function answerWith(
  fault: Fault,
  request: IncomingMessage,
  response: ServerResponse,
  onCut: (received: Buffer) => void,
): Promise<boolean> {
  switch (fault.kind) {
    case "drop": {
      const received: Buffer[] = [];
      let left = fault.afterBytes ?? 0;
      if (left > 0) {
        for await (const chunk of request) {
          received.push(chunk as Buffer);
          left -= (chunk as Buffer).byteLength;
          if (left <= 0) break;
        }
      }
      onCut(Buffer.concat(received).subarray(0, fault.afterBytes ?? 0));
      request.socket.destroy();
      return true;
    }
    case "hang":
      return true;
    case "status":
      response.writeHead(fault.status, fault.headers).end(fault.body ?? "");
      return true;
    case "redirect":
      response.writeHead(fault.status ?? 307, { location: fault.to }).end();
      return true;
    case "cut":
    case "short":
    case "corrupt":
    case "drip":
    case "long":
    case "headers":
    case "ignore-range":
      return false;
  }
}
