/** What saved views say, in English. It comes with the screen of charts. */
import { createVoice, english, type Say, type SayCount, type Voice } from "@millwright/ui-kit";

const texts = {
  label: "Saved views",
  "list.open": "Saved views ({count})",
  "list.open.unknown": "Saved views",
  "save.open": "Save this view",
  "over.open": "Save over “{name}”",
  "now.same": "“{name}”, saved by {person}, {time}.",
  "now.changed": "Changed since “{name}” was opened.",
  "now.newer": "{person} saved “{name}” anew, {time}, after you had opened it.",
  "now.newer.open": "Open the newest",
  "now.deleted": "“{name}” was deleted after you had opened it.",
  "form.name": "Name of the view",
  "form.person": "Your name",
  "form.person.why":
    "Everybody at this hub sees the view and who saved it. Nobody signs in here, so the name is what you write.",
  "form.shows.live": "It shows {time} until now, whenever it is opened.",
  "form.shows.still": "It shows {time}, whenever it is opened.",
  "form.taken": "“{name}” is there, saved by {person}, {time}. Saving replaces what it shows.",
  "form.save": "Save",
  "form.over": "Save over “{name}”",
  "form.cancel": "Cancel",
  "form.no-name": "The view has no name yet.",
  "form.no-person": "Write your name: it stands beside the view.",
  "form.no-values": "No value is chosen, so there is nothing to save.",
  "find.label": "View by name or person",
  "find.none": "No view has “{text}” in its name or the name of who saved it.",
  "find.clear": "Show all views",
  "find.more": "{shown} of {count} are listed. Write more of the name.",
  "none.title": "No view has been saved yet",
  "none.what":
    "Choose values and a time, then save them under a name: everybody at this hub finds them here.",
  failed: "The hub did not say which views are saved.",
  "row.shows.one": "{time}; {count} value of {gateways}",
  "row.shows.other": "{time}; {count} values of {gateways}",
  "row.saved": "{person}, {time}",
  "row.rename": "Rename",
  "row.rename.reads": "Rename “{name}”",
  "row.delete": "Delete",
  "row.delete.reads": "Delete “{name}” …",
  "rename.name": "New name of “{name}”",
  "rename.do": "Rename",
  "delete.what": "“{name}” goes for everybody at this hub. This cannot be undone.",
  "delete.person.why":
    "Who deleted it stands in the hub's audit log. Nobody signs in here, so the name is what you write.",
  "delete.do": "Delete “{name}”",
  "delete.keep": "Keep it",
  "gone.tag": "{gateway} has no value {tag} any more.",
  "gone.gateway": "The hub has no gateway {gateway} any more, and so not its value {tag}.",
  "refused.taken": "Nothing was saved: “{name}” is there already, saved by {person}, {time}.",
  "refused.changed":
    "Nothing was changed: {person} saved “{name}”, {time}, after you had seen it. Press once more to do it all the same.",
  "refused.gone": "Nothing was changed: this view was deleted meanwhile.",
  "refused.gone.save": "Save what is shown under a name.",
  "refused.full":
    "Nothing was saved: there are {most} views, as many as a hub keeps. Delete one that nobody needs.",
  "refused.other": "The hub refused it: {reason}",
  "refused.unreachable":
    "The hub did not say whether it was done. The list of saved views says it as soon as the hub answers.",
  "time.last": "the last {time}",
  "time.still": "{from} to {to}",
  "over.earlier": "{time} earlier laid over it",
  "over.peers": "beside all machines",
  "over.windows": "event by event",
} as const;

export type SavedViewText = keyof typeof texts;

const voice: Voice<SavedViewText> = createVoice({ language: english, texts });
export const saySaved: Say<SavedViewText> = voice.say;
export const saySavedCount: SayCount<SavedViewText> = voice.sayCount;
