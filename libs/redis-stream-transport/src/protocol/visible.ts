/**
 * Characters that a terminal or a log viewer does not show but obeys: controls, ends of lines and paragraphs, marks
 * that change the direction of text or have no width, and halves of surrogate pairs.
 */
const UNSEEN = /[\p{Cc}\p{Cs}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

const escaped = (unseen: string): string =>
  `\\u${unseen.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * Makes the text of another program safe for a line in a log, a terminal or an error: characters that would not be seen
 * are written as `\u001b`. So the text cannot end the line, colour it, or look like another line.
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
