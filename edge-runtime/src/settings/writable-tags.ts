/** Finds what writing needs to know of a tag, among up to 100,000 of them. */
import type { DeviceId } from "@millwright/wire-contract";

import type { AnyDriver } from "../acquire/registry.ts";
import type { WritableTag } from "./command-check.ts";
import type { TagSettings } from "./declared-tag.ts";

/** Made when a tag is asked for first: most gateways write nothing. */
export function writableTags(
  devices: readonly {
    readonly id: DeviceId;
    readonly driver: AnyDriver;
    readonly connection: unknown;
    readonly tags: Iterable<TagSettings>;
  }[],
): (id: string) => WritableTag | undefined {
  let byId: ReadonlyMap<string, WritableTag> | undefined;
  const read = function* (): Generator<[string, WritableTag], void, undefined> {
    for (const { id: device, driver, connection, tags } of devices) {
      for (const { tag, point } of tags) {
        const { id, scale, offset } = tag;
        const refuseWrite: WritableTag["refuseWrite"] = () =>
          driver.checkWrite?.(connection, point);
        yield [id, { id, device, type: point.type, scale, offset, refuseWrite }];
      }
    }
  };
  return (id) => {
    byId ??= new Map(read());
    return byId.get(id);
  };
}
