/** What usually makes a file differ from build to build, and what helps. */
import type { Difference } from "./first-difference.ts";

interface Cause {
  readonly path: RegExp;
  readonly why: string;
  readonly cure: string;
}

/** The first that fits counts. */
const CAUSES: readonly Cause[] = [
  {
    path: /^\/var\/(?:log\/(?:apt|dpkg|alternatives|bootstrap|fontconfig)|lib\/apt\/lists|cache\/(?:apt|debconf)|lib\/dpkg\/.*-old)/,
    why: "apt and dpkg write times and lists",
    cure: "Remove it in the same RUN: rm -rf /var/lib/apt/lists /var/cache/apt /var/cache/debconf /var/log/apt /var/log/*.log",
  },
  { path: /^\/var\/log\//, why: "it is a log", cure: "Remove it in the same RUN: rm -rf /var/log/*" },
  {
    path: /^\/var\/cache\/ldconfig\/aux-cache$/,
    why: "ldconfig writes times and inode numbers",
    cure: "Remove it in the same RUN: rm -f /var/cache/ldconfig/aux-cache",
  },
  {
    path: /\/(?:\.npm|\.cache|_cacache|_logs|\.yarn|\.pnpm-store|\.gradle|\.m2)\//,
    why: "a package manager keeps its cache and its logs",
    cure: "Give the cache a mount: RUN --mount=type=cache,target=/root/.npm …",
  },
  { path: /\/node_modules\/\.package-lock\.json$/, why: "npm found other versions", cure: "Commit package-lock.json, and use npm ci" },
  {
    path: /\.pyc$/,
    why: "Python writes the time of the source",
    cure: "Set PYTHONDONTWRITEBYTECODE=1, or SOURCE_DATE_EPOCH with --invalidation-mode=unchecked-hash",
  },
  {
    path: /^\/etc\/machine-id$|^\/var\/lib\/dbus\/machine-id$/,
    why: "it is a random number",
    cure: "Empty it in the same RUN: truncate -s 0 /etc/machine-id",
  },
  {
    path: /^\/etc\/(?:shadow|gshadow)-?$/,
    why: "it has the day of the last change",
    cure: "Use useradd with SOURCE_DATE_EPOCH set, or chage -d",
  },
  { path: /^\/etc\/ssh\/ssh_host_|\.(?:pem|key)$/, why: "keys are random", cure: "Make keys when the container starts, not in the image" },
  { path: /\.(?:gz|tgz)$/, why: "gzip keeps a time and a name", cure: "Use gzip -n, and tar --sort=name --mtime=@$SOURCE_DATE_EPOCH" },
  {
    path: /\.(?:jar|war|zip|whl|apk|egg)$/,
    why: "zip archives keep times",
    cure: "Tell the tool SOURCE_DATE_EPOCH; for Maven: project.build.outputTimestamp",
  },
  {
    path: /\.(?:tar|a)$/,
    why: "archives keep times, owners and an order",
    cure: "Use tar --sort=name --mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0, and ar -D",
  },
  {
    path: /\.(?:o|so|so\.[\d.]+)$|^\/(?:usr\/(?:local\/)?)?s?bin\//,
    why: "compilers write paths, times and build ids",
    cure: "Compile with -ffile-prefix-map, without __DATE__; for Go: -trimpath -buildvcs=false; for Rust: --remap-path-prefix",
  },
];

/** What is known of a difference: why it is there, and the cure. */
export function causeOf({ path = "", kind }: Difference): { readonly why: string; readonly cure: string } {
  if (kind === "time")
    return {
      why: "files have the time of the build",
      cure: "Give a time: --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct), and for files that steps make -o type=…,rewrite-timestamp=true",
    };
  return (
    CAUSES.find((cause) => cause.path.test(path)) ?? {
      why: "its step gives another result at another time, or on another machine",
      cure: "Look in its step for dates, random numbers, host names, downloads without a fixed version, and work in parallel",
    }
  );
}
