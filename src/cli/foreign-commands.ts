/** Commands of docker, podman, buildah, crane and skopeo that Decant has not, and what to type instead. Data only. */

const NO_DAEMON = 'Decant has no daemon: "decant run" runs a container in the foreground, and "decant ps" lists those that run';
const NO_VOLUMES = "Decant keeps no volumes and no networks";
const NO_BUILDERS = "Decant needs no builder: leave it out";
const STEPS = "Write the steps into a Dockerfile, and run: decant build";
const TAGS = "Ask the registry: curl https://REGISTRY/v2/REPOSITORY/tags/list";

/** By name, of one word or two. */
export const FOREIGN_COMMANDS: Readonly<Record<string, string>> = {
  // Of docker and podman.
  attach: NO_DAEMON,
  commit: "Write the steps into a Dockerfile, or: decant import",
  compose: "Start decant serve, name it as builder, and run: docker compose build",
  create: NO_DAEMON,
  exec: NO_DAEMON,
  info: "See: decant doctor, decant version and decant system df",
  kill: "decant stop --timeout 0 CONTAINER",
  logs: 'The output of a container is that of its "decant run"',
  manifest: "See: decant inspect IMAGE; for an index: decant index create",
  network: NO_VOLUMES,
  pause: NO_DAEMON,
  restart: NO_DAEMON,
  search: "Look at the page of the registry",
  start: NO_DAEMON,
  stats: "decant ps",
  swarm: "Decant builds images: decant build",
  top: "decant ps",
  trust: "decant sign, and decant verify",
  volume: NO_VOLUMES,
  wait: NO_DAEMON,
  "builder du": "decant system df",
  "buildx create": NO_BUILDERS,
  "buildx imagetools": "decant inspect IMAGE, decant index create NAME IMAGE…, or decant copy SOURCE DESTINATION",
  "buildx inspect": "decant builders inspect ADDRESS",
  "buildx ls": "decant builders ls ADDRESS",
  "buildx rm": NO_BUILDERS,
  "buildx use": NO_BUILDERS,
  "container prune": "A container is gone when it ends: leave it out",
  "container exec": NO_DAEMON,
  "container logs": 'The output of a container is that of its "decant run"',
  "manifest create": "decant index create NAME IMAGE…",
  "manifest annotate": "decant index annotate NAME",
  "manifest inspect": "decant inspect --format json IMAGE",
  "manifest push": "decant push NAME",
  "system events": "decant build --progress rawjson has events",
  "system info": "See: decant doctor, decant version and decant system df",
  // Of buildah.
  from: STEPS,
  config: "decant mutate IMAGE; what it is now: decant inspect IMAGE",
  mount: "Look into an image without mounting it: decant ls, decant cat and decant tree",
  unshare: "Leave it out: Decant makes the namespaces that it needs",
  // Of crane and skopeo.
  append: "Build it: FROM the image, and ADD the archive",
  auth: "decant login, and decant logout",
  blob: "decant copy IMAGE oci:FOLDER has all blobs of an image",
  catalog: TAGS,
  delete: "From the store: decant rmi IMAGE; from a registry by its own page, as its other tags may have the same manifest",
  digest: "decant inspect --format {{.Digest}} IMAGE",
  flatten: "Build it: FROM scratch, and COPY --from=IMAGE / /",
  "list-tags": TAGS,
  sync: "decant copy SOURCE DESTINATION for each image",
  validate: "decant audit IMAGE",
};
