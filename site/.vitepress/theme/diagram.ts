import type { Mermaid } from 'mermaid';
import { useData, withBase } from 'vitepress';
import { defineComponent, h, onMounted, ref, watch } from 'vue';

let drawn = 0;

/** The labels stand in paragraphs, to which the page would give its own margins: they would be cut off. */
const LABELS = 'p { margin: 0; line-height: 1.5 }';

/** A diagram becomes no smaller than this part of its own size: its frame scrolls instead. */
const SMALLEST = 0.64;

/**
 * A Mermaid diagram, drawn in the browser. Its text is shown until it is drawn, without JavaScript, and if it cannot be
 * drawn.
 */
export const Diagram = defineComponent({
  props: { code: { type: String, required: true } },
  setup({ code }) {
    const text = decodeURIComponent(code);
    const { isDark } = useData();
    const frame = ref<HTMLElement>();
    const svg = ref('');
    const draw = async (): Promise<void> => {
      const { default: mermaid } = (await import(
        /* @vite-ignore */ withBase('/mermaid/mermaid.esm.min.mjs')
      )) as { default: Mermaid };
      // Mermaid measures the labels: their font must be there, and be the one that they are shown in.
      await document.fonts.ready;
      mermaid.initialize({
        startOnLoad: false,
        theme: isDark.value ? 'dark' : 'default',
        fontFamily: getComputedStyle(frame.value ?? document.body).fontFamily,
        themeCSS: LABELS,
      });
      ({ svg: svg.value } = await mermaid.render(`diagram-${drawn++}`, text));
    };
    const redraw = (): void => void draw().catch((error: unknown) => console.error(error));
    onMounted(() => {
      redraw();
      watch(isDark, redraw);
    });
    return () =>
      h('div', { ref: frame, style: { overflowX: 'auto' } }, [
        svg.value
          ? h('div', { innerHTML: svg.value, style: { minWidth: smallest(svg.value) } })
          : h('pre', text),
      ]);
  },
});

function smallest(svg: string): string {
  const width = /viewBox="[-.\d]+ [-.\d]+ ([.\d]+)/.exec(svg)?.[1];
  return `${Math.round(Number(width ?? 0) * SMALLEST)}px`;
}
