package lotkeeper_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
)

func TestAQuantityIsReadAndWrittenExactly(t *testing.T) {
	for text, wanted := range map[string]string{
		"0": "0", "-0": "0", "+5": "5", "1.50": "1.5", ".5": "0.5", "5.": "5", "1e3": "1000", "1.25E-4": "0.000125",
		"0.000001": "0.000001", "-2.000001": "-2.000001", "9199999999999.999999": "9199999999999.999999", "100": "100",
		"1.1000000000": "1.1", "123456789012345678901234567890.5": "123456789012345678901234567890.5", "0e400": "0",
	} {
		if quantity, err := lotkeeper.ParseQuantity(text); err != nil || quantity.String() != wanted {
			t.Errorf("%s: %v, %v", text, quantity, err)
		}
	}
	for _, text := range []string{
		"", ".", "-", "1,5", "0x10", "1_000", "NaN", "inf", "1e", "e5", "0.0000001", "1e-7", "1e401", "1e999999999", " 1", "1\n",
		strings.Repeat("1", 401), "１",
	} {
		if quantity, err := lotkeeper.ParseQuantity(text); err == nil {
			t.Errorf("%q is %v", text, quantity)
		}
	}
}

func TestSumsOfQuantitiesAreExact(t *testing.T) {
	tenth, sum := lotkeeper.MustQuantity("0.1"), lotkeeper.Quantity{}
	for range 10 {
		sum = sum.Add(tenth)
	}
	if !sum.Equal(lotkeeper.MustQuantity("1")) || sum.Sub(tenth).String() != "0.9" || tenth.Neg().Sign() != -1 {
		t.Error(sum)
	}
	for range 1000 {
		a, b := rand.Int64N(1e15)-5e14, rand.Int64N(1e15)-5e14
		first, second := millionths(a), millionths(b)
		if !first.Add(second).Equal(millionths(a+b)) || first.Cmp(second) != compare(a, b) {
			t.Fatalf("%v, %v", first, second)
		}
		if read, err := lotkeeper.QuantityOf(first.Proto()); err != nil || !read.Equal(first) {
			t.Fatalf("%v, %v", read, err)
		}
	}
}

func millionths(count int64) lotkeeper.Quantity {
	quantity := lotkeeper.MustQuantity("0.000001")
	product := lotkeeper.Quantity{}
	for bit := range 63 { // by doubling, which is another way than that of the text
		if max(count, -count)>>bit&1 == 1 {
			product = product.Add(quantity)
		}
		quantity = quantity.Add(quantity)
	}
	if count < 0 {
		return product.Neg()
	}
	return product
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestAQuantityIsATextInJSON(t *testing.T) {
	written, err := json.Marshal(map[string]lotkeeper.Quantity{"kg": lotkeeper.MustQuantity("0.30")})
	if err != nil || string(written) != `{"kg":"0.3"}` {
		t.Errorf("%s, %v", written, err)
	}
	var read map[string]lotkeeper.Quantity
	if err := json.Unmarshal(written, &read); err != nil || read["kg"].String() != "0.3" {
		t.Errorf("%v, %v", read, err)
	}
	if err := json.Unmarshal([]byte(`{"kg":"much"}`), &read); err == nil {
		t.Error(read)
	}
}

func TestMomentsAreCutToMillisecondsAndWhatIsNotSetIsZero(t *testing.T) {
	moment := time.Date(2026, 3, 1, 12, 0, 0, 1_999_999, time.FixedZone("", 3600))
	if millis := lotkeeper.Millis(moment); *millis != 1772362800001 {
		t.Error(*millis)
	}
	if !lotkeeper.Moment(nil).IsZero() || !lotkeeper.Moment(timestamppb.New(moment)).Equal(moment) {
		t.Error(lotkeeper.Moment(nil))
	}
}
