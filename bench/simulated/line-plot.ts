import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH_PX = 860;
const HEIGHT_PX = 420;
/** From here on points are not marked one by one. */
const MANY_POINTS = 10;
const LIMIT_COLOUR = '#888';

/** A line of a plot. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Measured by the right axis; default the left one. */
  readonly isRight?: boolean;
  /** What bounds the others. Drawn thin and broken. */
  readonly isLimit?: boolean;
}

export interface LinePlot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** Of the right axis, where there is one. */
  readonly right?: string;
  /** Tenfold steps on the lower axis, which begins with the least of the points. */
  readonly isLogX?: boolean;
  readonly series: readonly Series[];
}

/** As SVG text. */
export function svgOf(plot: LinePlot): string {
  const chart = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: WIDTH_PX,
    height: HEIGHT_PX,
  });
  const axis = (name: string): object => ({
    type: 'value',
    name,
    nameLocation: 'middle',
    nameGap: 40,
    min: 0,
  });
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: plot.title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { bottom: 0, itemGap: 30, itemHeight: 3, icon: 'rect' },
    grid: { left: 70, right: 70, top: 50, bottom: 80 },
    xAxis: {
      ...axis(plot.x),
      ...{ nameGap: 25, max: 'dataMax' },
      ...(plot.isLogX === true ? { type: 'log', min: 'dataMin' } : {}),
    },
    yAxis: [axis(plot.y), ...(plot.right === undefined ? [] : [axis(plot.right)])],
    series: plot.series.map(({ name, points, isRight = false, isLimit = false }) => ({
      ...{ type: 'line', name, data: points, yAxisIndex: isRight ? 1 : 0 },
      showSymbol: !isLimit && points.length < MANY_POINTS,
      lineStyle: { width: isLimit ? 1 : 1.5, type: isLimit ? 'dashed' : 'solid' },
      ...(isLimit ? { color: LIMIT_COLOUR } : {}),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
