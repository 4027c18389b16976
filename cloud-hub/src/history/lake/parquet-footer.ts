/**
 * The footer of a Parquet file, as far as it must be read and written to put files of one schema behind each other: the
 * row groups of each are taken as they are, and only the places that their footer names move. Apache Parquet,
 * `parquet.thrift`; its structures are written in the compact protocol of Apache Thrift
 * (thrift-compact-protocol.md). Fields that are not looked at here are carried as their bytes.
 */
import {
  concat,
  readFields,
  readList,
  toInteger,
  writeFields,
  writeInteger,
  writeList,
  type Field,
} from "./thrift.ts";

/** At the begin and the end of each file. */
export const parquetMagic = Buffer.from("PAR1", "latin1");

export interface ParquetFooter {
  /** All fields but the row groups and the number of rows. */
  readonly fields: readonly Field[];
  readonly schema: Uint8Array;
  readonly rows: number;
  /** Each as its bytes. */
  readonly groups: readonly Uint8Array[];
}

/** Field numbers of `FileMetaData`. */
const fileField = { schema: 2, rows: 3, groups: 4 } as const;
/** Of `RowGroup`. The ordinal may be left out, and has no room for more than 32,767 groups. */
const groupField = { columns: 1, place: 5, ordinal: 7 } as const;
/** Of `ColumnChunk`; the first three are places of the column, its offset index and its column index. */
const columnPlaces: readonly number[] = [2, 4, 6];
const columnMetaData = 3;
/** Of `ColumnMetaData`: data pages, index pages, dictionary page, Bloom filter. */
const metaDataPlaces: readonly number[] = [9, 10, 11, 14];

export function readFooter(bytes: Uint8Array): ParquetFooter {
  const { fields } = readFields(bytes, 0);
  const valueOf = (id: number): Uint8Array => {
    const found = fields.find((field) => field.id === id);
    if (found === undefined) throw new Error(`the footer of a Parquet file has no field ${id}`);
    return found.bytes;
  };
  return {
    fields: fields.filter(({ id }) => id !== fileField.rows && id !== fileField.groups),
    schema: valueOf(fileField.schema),
    rows: toInteger(valueOf(fileField.rows)),
    groups: readList(valueOf(fileField.groups)),
  };
}

export function writeFooter({ fields, rows, groups }: Omit<ParquetFooter, "schema">): Uint8Array {
  const all = [
    ...fields,
    { id: fileField.rows, type: "i64", bytes: writeInteger(rows) },
    { id: fileField.groups, type: "list", bytes: writeList("struct", groups) },
  ] as const;
  return writeFields(all.toSorted((a, b) => a.id - b.id));
}

/** A row group whose bytes lie so much further behind the begin of the file. */
export function moveGroup(group: Uint8Array, byBytes: number): Uint8Array {
  const moved = (field: Field, places: readonly number[]): Field => {
    // Zero says that there is none.
    const place = places.includes(field.id) ? toInteger(field.bytes) : 0;
    return place === 0 ? field : { ...field, bytes: writeInteger(place + byBytes) };
  };
  const moveColumn = (column: Uint8Array): Uint8Array =>
    writeFields(
      readFields(column, 0).fields.map((field) => {
        if (field.id !== columnMetaData) return moved(field, columnPlaces);
        const inner = readFields(field.bytes, 0).fields.map((one) => moved(one, metaDataPlaces));
        return { ...field, bytes: writeFields(inner) };
      }),
    );
  const fields = readFields(group, 0).fields.filter(({ id }) => id !== groupField.ordinal);
  return writeFields(
    fields.map((field) =>
      field.id === groupField.columns
        ? { ...field, bytes: writeList("struct", readList(field.bytes).map(moveColumn)) }
        : moved(field, [groupField.place]),
    ),
  );
}

/** The footer with its length and the sign of the end. */
export function sealFooter(footer: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return concat([footer, length, parquetMagic]);
}
