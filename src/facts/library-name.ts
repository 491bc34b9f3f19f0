/** Which names libraries have that are opened by name: by a loader, or by a program as Node.js opens add-ons. */

/** libc.so.6, libfoo.so, addon.node */
const LIBRARY = /\.so(?:\.[\w.+-]*)?$|\.node$/;

/** Is this the name of a library? */
export function isLibraryName(name: string): boolean {
  return LIBRARY.test(name);
}
