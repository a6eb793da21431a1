import { BarChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH_PX = 860;
const HEIGHT_PX = 420;

/** Bars side by side, a group of them at each place of the axis. */
export interface BarPlot {
  readonly title: string;
  readonly y: string;
  readonly groups: readonly string[];
  /** A value a group; null has no bar. */
  readonly series: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
  }[];
}

/** As SVG text. */
export function svgOf({ title, y, groups, series }: BarPlot): string {
  const chart = init(null, null, {
    ...{ renderer: 'svg', ssr: true, width: WIDTH_PX, height: HEIGHT_PX },
  });
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { bottom: 0, itemGap: 20, itemHeight: 10 },
    grid: { left: 70, right: 30, top: 50, bottom: 60 },
    xAxis: { type: 'category', data: [...groups] },
    yAxis: { type: 'value', name: y, nameLocation: 'middle', nameGap: 40, min: 0 },
    series: series.map(({ name, values }) => ({ type: 'bar', name, data: [...values] })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
