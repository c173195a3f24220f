/**
 * Characters that a terminal or a reader of logs does not show but obeys: controls, line and paragraph ends,
 * marks that change the direction of text or take no room, and halves of characters.
 */
const UNSEEN = /[\p{Cc}\p{Cs}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

const escaped = (unseen: string): string =>
  `\\u${unseen.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * A text that somebody else wrote, for a line in a log, a terminal or an error: what would not be seen is
 * written as `\u001b`. Nothing in it can end the line, colour it, or pretend to be another.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/** The same for texts of several lines, such as generated sources: their line ends and tabs stay. */
export function visibleLines(text: string): string {
  return text.replace(UNSEEN, (unseen) =>
    unseen === '\n' || unseen === '\t' ? unseen : escaped(unseen),
  );
}
