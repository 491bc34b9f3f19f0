/** What a graph of a client is made from: its folders and layouts through the session, images and files of the network from here. */
import { openSession, type Session } from "../../context/index.ts";
import { isDigest } from "../../digest.ts";
import { type EngineContext, gitSources, httpSources, type SourceProvider } from "../../engine/index.ts";
import { NEWEST } from "../../followed.ts";
import type { SourceOp } from "../../graph/index.ts";
import { openOciLayout } from "../../image/index.ts";
import { formatPlatform } from "../../oci/index.ts";
import { baseImages } from "../../project/index.ts";
import { hostTree } from "../../tree/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { pullLayout } from "../session/layouts.ts";
import { blobSources } from "./blob-sources.ts";
import { checkAttributes, notServed } from "./errors.ts";
import { type Job, sessionOf } from "./jobs.ts";
import type { Connection } from "./service.ts";
import { syncFolder } from "./synced-folders.ts";

const NOWHERE = { file: { name: "", text: "" }, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
/** What says how a folder is sent, and not what is in it. */
const HINTS = ["local.session", "local.sharedkeyhint", "local.unique", "local.differ"];
const PATHS = ["local.followpaths", "local.includepattern", "local.excludepatterns"];
const IMAGE = ["image.resolvemode", "image.recordtype"];
const LAYOUTS = ["oci.session", "oci.store"];
const HTTP = ["http.checksum", "http.filename", "http.perm", "http.uid", "http.gid"];
/** Names of secrets are always those that we look for. */
const GIT = [
  "checksum",
  "fullurl",
  "keepgitdir",
  "skipsubmodules",
  "mtime",
  "fetchbycommit",
  "mountsshsock",
  "authtokensecret",
  "authheadersecret",
  "knownsshhosts",
].map((name) => `git.${name}`);
const LAYOUT = /^oci-layout:\/\/[^@]+@(.+)$/;

/** The sources of a job, with the accounts of its client. Throws as `openSession`. */
export async function graphSources(
  connection: Connection,
  job: Job,
  access: Pick<EngineContext, "secret" | "sshAgent"> & { readonly credentials: Parameters<typeof openSession>[2] },
): Promise<{ readonly session: Session; readonly providers: readonly SourceProvider[] }> {
  const { env, store } = connection.service;
  const { stack, status, signal } = job;
  const session = stack.use(await openSession({ root: store.root, env }, "change", access.credentials));
  const { network } = session;
  const providers = [
    clientFolders(connection, job),
    images(session, job),
    clientLayouts(session, job),
    blobSources(session, job),
    checked(httpSources(session.store, { ...access, network }), HTTP),
    checked(gitSources(session.store, { ...access, env, compatibility: NEWEST.compatibility }), GIT),
  ];
  return { session, providers };

  function images(of: Session, { signal: stop }: Job): SourceProvider {
    const bases = baseImages(of, { project: undefined, pull: undefined, emit: status.emit, signal });
    return {
      schemes: ["docker-image"],
      isLazy: true,
      async resolve(op, platform, _signal, vertex) {
        checkAttributes(op, IMAGE);
        const name = op.identifier.slice("docker-image://".length);
        const found = await bases.resolveImage({ name, platform, explicitPlatform: true, range: NOWHERE, stageNames: [] });
        return await bases.resolve({ ...op, identifier: found.identifier }, found.platform, stop, vertex);
      },
    };
  }
}

/** A provider that refuses what it would not look at. */
function checked(provider: SourceProvider, known: readonly string[]): SourceProvider {
  return {
    ...provider,
    resolve(op, ...rest) {
      checkAttributes(op, known);
      return provider.resolve(op, ...rest);
    },
  };
}

/** `local://NAME`: sent for this build, with what the client keeps out left out by it. */
function clientFolders({ service, owner, stack }: Connection, job: Job): SourceProvider {
  const folders = new Map<string, Promise<string>>();
  const sync = async (name: string, { attrs }: SourceOp): Promise<string> => {
    const session = await sessionNamed(service, job, attrs["local.session"]);
    const request = {
      session,
      name,
      owner,
      followPaths: listIn(attrs["local.followpaths"]),
      includePatterns: listIn(attrs["local.includepattern"]),
      excludePatterns: listIn(attrs["local.excludepatterns"]),
      signal: job.signal,
    };
    return await syncFolder(service.store, request, stack());
  };
  return {
    schemes: ["local"],
    async resolve(op) {
      const name = op.identifier.slice("local://".length);
      checkAttributes(op, [...HINTS, ...PATHS]);
      const key = JSON.stringify([name, op.attrs]);
      const folder = folders.get(key) ?? sync(name, op);
      folders.set(key, folder);
      const path = await folder;
      return { kind: "directory", tree: hostTree(path), name: `the folder "${name}" of the client`, path, ignored: () => false };
    },
  };
}

/** `oci-layout://NAME@DIGEST`: an image that the client has. */
function clientLayouts({ store }: Session, job: Job): SourceProvider {
  const opened = new Map<string, ReturnType<typeof openOciLayout>>();
  return {
    schemes: ["oci-layout"],
    isLazy: true,
    async resolve(op, platform) {
      checkAttributes(op, LAYOUTS);
      const [, digest = ""] = LAYOUT.exec(op.identifier) ?? [];
      if (!isDigest(digest)) throw notServed(`The layout "${op.identifier}" without a digest`);
      const open = async (): ReturnType<typeof openOciLayout> => {
        const { client, signal } = sessionOf(job);
        const folder = job.stack.use(await store.scratch()).path;
        const id = `oci:${op.attrs["oci.store"] ?? ""}`;
        await pullLayout({ client, id, signal: AbortSignal.any([signal, job.signal]) }, digest, folder);
        return await openOciLayout(store, folder, digest, platform);
      };
      const key = `${op.identifier} ${formatPlatform(platform)}`;
      const image = opened.get(key) ?? open();
      opened.set(key, image);
      return { kind: "layers", layers: (await image).layers };
    },
  };
}

async function sessionNamed(service: Connection["service"], job: Job, id: string | undefined): Promise<ReturnType<typeof sessionOf>> {
  return id === undefined || id === "" || id === job.request.session ? sessionOf(job) : await service.sessions.get(id, job.signal);
}

function listIn(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((one) => typeof one === "string")) return list;
  } catch {
    // Told below.
  }
  throw new GrpcError(CODE.invalid, "a list of paths is no JSON list of texts");
}
