/** A method of gRPC: its path, and the types of its messages. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";

/** A method whose messages have types. */
export interface Method<Input extends DescMessage, Output extends DescMessage> {
  readonly name: string;
  readonly parent: { readonly typeName: string };
  readonly input: Input;
  readonly output: Output;
}

/** "/moby.buildkit.v1.Control/Solve" */
export function pathOf({ parent, name }: Pick<Method<DescMessage, DescMessage>, "parent" | "name">): string {
  return `/${parent.typeName}/${name}`;
}

/** Headers of a call that are not HTTP's or gRPC's own; names in lower case. */
export type Metadata = Readonly<Record<string, string | readonly string[]>>;

/** What a server does with a call. */
export interface ServerCall<Input extends DescMessage, Output extends DescMessage> {
  /** Of the client, one list of values for each name. */
  readonly metadata: Readonly<Record<string, readonly string[]>>;
  readonly requests: AsyncIterable<MessageShape<Input>>;
  /** Aborts when the client goes away or resets the call. */
  readonly signal: AbortSignal;
  /** Sends the headers at once, with more of them; without it they go with the first message. */
  readonly start: (metadata?: Metadata) => void;
  /** Waits while the client does not read. */
  readonly send: (message: MessageShape<Output>) => Promise<void>;
}

/** The work of a method. What it throws ends the call with that status. */
export type Handler<Input extends DescMessage, Output extends DescMessage> = (call: ServerCall<Input, Output>) => Promise<void>;
