/** Names of images that a mistyped FROM may have meant: those that the store has heard of, the catalogue's, and what most Dockerfiles build on. */
import { listRecipes } from "../distroless/index.ts";
import { heardNames } from "../image/index.ts";
import type { Store } from "../store/index.ts";

/** Docker Hub's most used. */
const COMMON = (
  "almalinux alpine amazoncorretto archlinux bash buildpack-deps busybox caddy composer debian eclipse-temurin elixir erlang fedora gcc golang gradle " +
  "haskell haproxy httpd julia maven memcached mongo mysql nginx node oraclelinux perl php postgres python rabbitmq redis rockylinux ruby rust swift " +
  "tomcat traefik ubuntu wordpress"
).split(" ");

/** See the top of this file. Canonical and familiar texts. */
export async function knownBases(store: Store): Promise<string[]> {
  // This helps to tell an error, and must not become another one.
  const recipes = await listRecipes().catch(() => []);
  return [...heardNames(store), ...recipes.map((recipe) => `gcr.io/distroless/${recipe}`), ...COMMON];
}
