/** What the schema of publishing cannot know: which devices and tags there are. */
import type { PublishFile } from "../publish/settings.ts";
import { patternOf, publishes } from "../publish/sparkplug/published-tags.ts";
import type { SparkplugNodeFile } from "../publish/sparkplug/settings.ts";
import type { GatewayFile } from "./gateway-file.ts";
import { beside } from "./named-files.ts";
import type { Problem } from "./problem.ts";

export interface PublishSettings {
  /** With names filled in and the paths of files made absolute. */
  readonly sparkplug?: SparkplugNodeFile & { readonly node: string; readonly clientId: string };
}

interface DeviceTags {
  readonly id: string;
  readonly tags: Iterable<{ readonly tag: { readonly id: string } }>;
}

/** @param where the file, for the report */
export function publishProblems(
  parsed: Pick<GatewayFile, "publish"> | undefined,
  devices: readonly DeviceTags[],
  where: string,
): readonly Problem[] {
  const sparkplug = parsed?.publish.sparkplug;
  if (sparkplug === undefined) return [];
  const place = `${where}: publish.sparkplug`;
  const problems: Problem[] = [];
  const known = new Set(devices.map(({ id }) => id));
  for (const device of sparkplug.devices ?? []) {
    if (!known.has(device)) {
      problems.push({ where: `${place}.devices`, what: `"${device}" is no device` });
    }
  }
  const ofDevices = publishes({ devices: sparkplug.devices });
  const ids = devices.flatMap(({ id, tags }) =>
    Array.from(tags, ({ tag }) => tag.id).filter((tag) => ofDevices(id, tag)),
  );
  for (const wanted of sparkplug.tags ?? []) {
    const pattern = patternOf(wanted);
    if (!ids.some((id) => pattern.test(id))) {
      const what = `no tag of the published devices is called "${wanted}"`;
      problems.push({ where: `${place}.tags`, what });
    }
  }
  // Sparkplug 3.0, 4.1: a device is part of a topic. Ids of devices hold none of + # / by themselves.
  if (ids.length === 0 && problems.length === 0) {
    problems.push({ where: place, what: "there is no tag to publish" });
  }
  if (sparkplug.passwordFile !== undefined && sparkplug.user === undefined) {
    problems.push({
      where: `${place}.user`,
      what: "is missing, and there is a passwordFile for it",
    });
  }
  return problems;
}

export function publishSettings(
  {
    gateway,
    publish,
  }: { readonly gateway: { readonly id: string }; readonly publish: PublishFile },
  folder: string,
): PublishSettings {
  const { sparkplug } = publish;
  if (sparkplug === undefined) return {};
  const { passwordFile, caFile, certificateFile, keyFile } = sparkplug;
  return {
    sparkplug: {
      ...sparkplug,
      node: sparkplug.node ?? gateway.id,
      clientId: sparkplug.clientId ?? `millwright-${gateway.id}-sparkplug`,
      ...(passwordFile === undefined ? {} : { passwordFile: beside(folder, passwordFile) }),
      ...(caFile === undefined ? {} : { caFile: beside(folder, caFile) }),
      ...(certificateFile === undefined
        ? {}
        : { certificateFile: beside(folder, certificateFile) }),
      ...(keyFile === undefined ? {} : { keyFile: beside(folder, keyFile) }),
    },
  };
}
