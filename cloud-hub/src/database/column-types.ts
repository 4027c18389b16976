/** How columns of PostgreSQL become values here. */
import pg from "pg";

/** The numbers under which PostgreSQL names types (pg_type.dat). */
const int8 = 20;
const numberArrays = new Set([1005, 1007, 1016, 1022]);

/**
 * 64-bit columns come as bigint: chains need all their bits, and a count is turned into a number where it is used.
 * Arrays of numbers come as numbers: those of history stay below 2^53, and there are millions of them.
 */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary"): unknown => {
    if (oid === int8) return (text: string) => BigInt(text);
    if (numberArrays.has(oid)) return parseNumbers;
    return parserOf(oid, format);
  }) as never,
};

const parserOf = pg.types.getTypeParser as (oid: number, format?: "text" | "binary") => unknown;

/** `{1,2}` without nulls, which history does not write. */
function parseNumbers(text: string): readonly number[] {
  if (/[NI]/.test(text)) return text.slice(1, -1).split(",").map(Number);
  return JSON.parse(`[${text.slice(1, -1)}]`) as number[];
}
