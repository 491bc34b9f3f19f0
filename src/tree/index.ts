/** Entries, layers and trees: reading, writing, comparing and unpacking what images are made of. */
export { type ReadData } from "./types.ts";
export type { DataSource, Entry, EntryKind, Layer, LayerIndex, LayerSource, RemoteBlob, Tree } from "./types.ts";
export { readData, readEntry, readTreeFile } from "./data.ts";
export { type CompressionFormat, type DecompressOptions, decompress, sniffCompression } from "./decompress.ts";
export { type FileDigests, type FileStat, type StoredFileDigests, createFileDigests } from "./file-digests.ts";
export { type HostTreeOptions, hostTree } from "./host-tree.ts";
export { type ImportOptions, type LayerBlobSource, importLayerBlob, importLayerTar } from "./import-layer.ts";
export { type Compression } from "./layer-record.ts";
export { findLayer, layerDiffId, layerSource, openLayer } from "./layer-store.ts";
export { type LayerTar, layerTar } from "./layer-tar.ts";
export { emptyTree, layerTree } from "./layer-tree.ts";
export { type ResolvedPath, resolvePath } from "./resolve.ts";
export { type LayerItem } from "./tar-chunks.ts";
export { type ReadTarOptions, type TarItem, readTar } from "./tar-read.ts";
export { indexDump, treeDump } from "./tree-dump.ts";
export { unpackLayer, unpackLayers } from "./unpack-layer.ts";
export { walk } from "./walk.ts";
export { writeLayer } from "./write-layer.ts";
