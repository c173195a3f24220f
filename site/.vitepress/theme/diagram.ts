import type { Mermaid } from 'mermaid';
import { useData, withBase } from 'vitepress';
import { defineComponent, h, onMounted, ref, watch } from 'vue';

let drawn = 0;

/** A Mermaid diagram, drawn in the browser. Without JavaScript its text is shown. */
export const Diagram = defineComponent({
  props: { code: { type: String, required: true } },
  setup({ code }) {
    const text = decodeURIComponent(code);
    const { isDark } = useData();
    const svg = ref('');
    const draw = async (): Promise<void> => {
      const { default: mermaid } = (await import(
        /* @vite-ignore */ withBase('/mermaid/mermaid.esm.min.mjs')
      )) as { default: Mermaid };
      mermaid.initialize({ startOnLoad: false, theme: isDark.value ? 'dark' : 'default' });
      ({ svg: svg.value } = await mermaid.render(`diagram-${drawn++}`, text));
    };
    onMounted(() => {
      void draw();
      watch(isDark, () => void draw());
    });
    return () => (svg.value ? h('div', { innerHTML: svg.value }) : h('pre', text));
  },
});
