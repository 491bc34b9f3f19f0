/** Records of packages that are known and not read: an image with one is short of something, and is told so. Data only. */

/** One kind. */
interface UnreadKind {
  /** A sentence's end. */
  readonly why: string;
  /** Paths of its records. */
  readonly test: RegExp;
  /** How much of the path stands for all records of one place: they are told once. */
  readonly place: RegExp;
}

const kind = (what: string, test: RegExp, place: RegExp): UnreadKind => ({ why: `${what} are not read`, test, place });
const PARENT = /^.*(?=\/[^/]*$)/;

/** In the order in which they are tried. */
export const UNREAD_KINDS: readonly UnreadKind[] = [
  kind("gems from git", /(?:^|\/)bundler\/gems\/[^/]+\/[^/]+\.gemspec$/, PARENT),
  kind("packages of conda", /(?:^|\/)conda-meta\/[^/]+\.json$/, PARENT),
  kind("packages in Yarn's archives", /(?:^|\/)\.yarn\/cache\/[^/]+\.zip$/, PARENT),
  kind("Python packages in archives", /(?:^|\/)(?:site|dist)-packages\/[^/]+\.(?:egg|pyz)$/, /^.*$/),
  kind("packages of R", /(?:^|\/)(?:site-library|library)\/[^/]+\/DESCRIPTION$/, /^.*(?=\/[^/]*\/[^/]*$)/),
  kind("packages of Lua", /(?:^|\/)luarocks\/rocks[^/]*\/manifest$/, PARENT),
  kind("packages of Erlang and Elixir", /(?:^|\/)lib\/[^/]+\/ebin\/[^/]+\.app$/, /^.*(?=\/[^/]*\/ebin\/[^/]*$)/),
  kind("packages of Homebrew", /(?:^|\/)Cellar\/[^/]+\/[^/]+\/INSTALL_RECEIPT\.json$/, /^.*(?=\/[^/]*\/[^/]*\/[^/]*$)/),
  kind("packages of pacman", /^var\/lib\/pacman\/local\/[^/]+\/desc$/, /^var\/lib\/pacman\/local/),
  kind("packages of Gentoo", /^var\/db\/pkg\/[^/]+\/[^/]+\/CONTENTS$/, /^var\/db\/pkg/),
  kind("packages of opkg", /^(?:usr|var)\/lib\/opkg\/status$/, PARENT),
  kind("packages of Nix", /^nix\/store\/[^/]+\/nix-support\//, /^nix\/store/),
];
