/** What a client may want the result of: a build of a Dockerfile, or a graph of its own. */
import type { EventKeeper } from "../../build/index.ts";
import type { Session } from "../../context/index.ts";
import type { BuiltImage } from "../../image/index.ts";
import type { Definition } from "../wire/llb_pb.ts";
import type { ClientBuild } from "./client-build.ts";

/** A graph of a client: read, and run once when its result is wanted. */
export interface ClientGraph {
  readonly definition: Definition;
  /** What people call it: its last step. */
  readonly title: string;
  /** What its steps tell. */
  readonly told: EventKeeper;
  solved(): Promise<SolvedGraph>;
}

/** What came of a graph. */
interface SolvedGraph {
  readonly session: Session;
  readonly image: BuiltImage;
  /** Writes the caches that the client wants, and gives what it is told of them. */
  readonly writeCaches: () => Promise<Readonly<Record<string, string>>>;
}

/** Either. */
export type ClientResult = ClientBuild | ClientGraph;
