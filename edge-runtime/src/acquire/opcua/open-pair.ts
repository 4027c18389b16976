import { Fault, messageChain } from "@millwright/kit";

import type { DriverSession } from "../driver.ts";
import type { Conversation } from "./conversation.ts";
import { loadLibrary } from "./library.ts";
import { openConversation, type Subject } from "./open-conversation.ts";
import { ofServer, RedundantSession } from "./redundant-session.ts";
import type { Resume } from "./resume.ts";
import type { OpcuaSettings } from "./settings.ts";
import { trustFolderOf } from "./trust.ts";

/** A server of a pair that has not answered by then is left for the other; a slow one is given all its time after it. */
const firstTryMs = 5_000;

/**
 * Opens a conversation with the server that reported last, else with the first, else with the second; the other one
 * stands by from then on.
 *
 * @throws what the preferred server answered, when neither can be opened
 */
export async function openPair(
  subject: Subject,
  settings: OpcuaSettings,
  resume: Resume | undefined,
  signal: AbortSignal,
): Promise<DriverSession> {
  const { context } = subject;
  const library = await loadLibrary(context.log);
  const { url, redundantUrl = url } = settings;
  const [preferred, other] =
    resume?.url === redundantUrl ? [redundantUrl, url] : [url, redundantUrl];
  const open = (at: string, until: AbortSignal): Promise<Conversation> => {
    const server = ofServer(settings, at);
    const trustFolder = trustFolderOf(server, context.stateFolder);
    return openConversation(subject, { settings: server, trustFolder, resume }, until);
  };
  const begin = async (): Promise<Conversation> => {
    try {
      return await open(preferred, AbortSignal.any([signal, AbortSignal.timeout(firstTryMs)]));
    } catch (failure) {
      signal.throwIfAborted();
      context.log.warn("acquire.server-away", { url: preferred, why: messageChain(failure) });
    }
    try {
      return await open(other, signal);
    } catch (failure) {
      signal.throwIfAborted();
      if (!(failure instanceof Fault)) throw failure;
      context.log.warn("acquire.server-away", { url: other, why: messageChain(failure) });
    }
    return open(preferred, signal);
  };
  return new RedundantSession(library, subject, settings, await begin());
}
