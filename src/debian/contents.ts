/** Which package brings a file: the Contents files of an archive (https://wiki.debian.org/DebianRepository/Format, "Contents" indices). */

/**
 * What is looked for: a full path ("/usr/bin/psql"; /bin, /lib and their like count as merged into /usr), or a name without slash
 * ("libpq.so.5"), which is looked for in the directories that the loader searches.
 */
export type ContentsQuery = string;
