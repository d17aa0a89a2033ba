package screens

import (
	"image"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAWindowIsPutOnlyWhereItCanBeTakenHoldOf(t *testing.T) {
	left, right := image.Rect(0, 30, 1920, 1080), image.Rect(1920, 0, 4480, 1440)
	for name, c := range map[string]struct {
		window  image.Rectangle
		screens []image.Rectangle
		want    bool
	}{
		"on the screen":                  {image.Rect(100, 100, 1380, 900), []image.Rectangle{left}, true},
		"on the second screen":           {image.Rect(2000, 100, 3280, 900), []image.Rectangle{left, right}, true},
		"on a screen that is gone":       {image.Rect(2000, 100, 3280, 900), []image.Rectangle{left}, false},
		"across both screens":            {image.Rect(1500, 100, 2780, 900), []image.Rectangle{left, right}, true},
		"mostly beside the screen":       {image.Rect(1850, 100, 3130, 900), []image.Rectangle{left}, false},
		"with its upper edge above":      {image.Rect(100, -20, 1380, 780), []image.Rectangle{left}, false},
		"under the bar of the desktop":   {image.Rect(100, 10, 1380, 810), []image.Rectangle{left}, false},
		"with its lower edge below":      {image.Rect(100, 900, 1380, 1700), []image.Rectangle{left}, true},
		"minimized, as Windows tells it": {image.Rect(-32000, -32000, -31840, -31972), []image.Rectangle{left, right}, false},
		"narrow":                         {image.Rect(100, 100, 160, 200), []image.Rectangle{left}, true},
		"of no size":                     {image.Rect(100, 100, 100, 100), []image.Rectangle{left}, false},
		"no screen":                      {image.Rect(100, 100, 1380, 900), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, graspable(c.window, c.screens))
		})
	}
}
