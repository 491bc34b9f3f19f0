/** The options of logging in and out. */
import type { LoginOptions, LogoutOptions } from "../types.ts";
import { maybe, STORE, text } from "./kinds.ts";
import { type Shape, shapeOf } from "./shape.ts";

const { env, signal } = STORE;

/** Of `login`. */
export const LOGIN: Shape = shapeOf<LoginOptions>("login", { env, signal, server: maybe(text), username: text, password: text });
/** Of `logout`. */
export const LOGOUT: Shape = shapeOf<LogoutOptions>("logout", { env, signal, server: maybe(text) });
