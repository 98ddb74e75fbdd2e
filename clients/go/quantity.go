package lotkeeper

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/type/decimal"
)

const (
	quantityDecimals = 6
	quantityTextMax  = 400
	quantityExponent = 400
)

var quantityForm = regexp.MustCompile(`^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$`)

// Quantity is an exact decimal with up to six decimals, as the server keeps it: 0.1 is 0.1. The zero Quantity is 0.
// Quantities are values; none of their methods changes one.
type Quantity struct {
	millionths *big.Int // nil is 0; never changed
}

// ParseQuantity reads a text such as "-1.25" or "1e3"; it has at most six decimals, and is never rounded.
func ParseQuantity(text string) (Quantity, error) {
	parts := quantityForm.FindStringSubmatch(text)
	if len(text) > quantityTextMax || parts == nil || parts[2]+parts[3] == "" {
		return Quantity{}, fmt.Errorf("%.60q is not a quantity: give a decimal number", text)
	}
	exponent, _ := strconv.Atoi(parts[4]) // no exponent is 0
	if exponent < -quantityExponent || exponent > quantityExponent {
		return Quantity{}, fmt.Errorf("%.60q is not a quantity: its exponent is too large", text)
	}
	value, _ := new(big.Int).SetString(parts[2]+parts[3], 10)
	shift := quantityDecimals + exponent - len(parts[3])
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift >= 0 {
		value.Mul(value, power)
	} else if _, rest := value.QuoRem(value, power, new(big.Int)); rest.Sign() != 0 {
		return Quantity{}, fmt.Errorf("%.60q has more than six decimals", text)
	}
	if parts[1] == "-" {
		value.Neg(value)
	}
	return Quantity{value}, nil
}

// MustQuantity is ParseQuantity for texts that stand in a program; it panics where the text is no quantity.
func MustQuantity(text string) Quantity {
	quantity, err := ParseQuantity(text)
	if err != nil {
		panic("lotkeeper: " + err.Error())
	}
	return quantity
}

// QuantityOf is the quantity of a message's field, such as record.GetExactQuantity(); 0 where the field is not set.
func QuantityOf(d *decimal.Decimal) (Quantity, error) {
	if d.GetValue() == "" {
		return Quantity{}, nil
	}
	return ParseQuantity(d.GetValue())
}

// Proto is the quantity for a field of a request, such as ExactQuantity.
func (q Quantity) Proto() *decimal.Decimal { return &decimal.Decimal{Value: q.String()} }

// String has neither trailing zeros nor an exponent: "2.000001", "-5", "0".
func (q Quantity) String() string {
	value := q.value()
	digits := new(big.Int).Abs(value).String()
	if missing := quantityDecimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - quantityDecimals
	text := strings.TrimRight(strings.TrimRight(digits[:point]+"."+digits[point:], "0"), ".")
	if value.Sign() < 0 {
		return "-" + text
	}
	return text
}

// Float64 is the nearest float64, for what needs no exactness, such as a picture.
func (q Quantity) Float64() float64 {
	value, _ := new(big.Rat).SetFrac(q.value(), big.NewInt(1_000_000)).Float64()
	return value
}

// Add is the sum.
func (q Quantity) Add(other Quantity) Quantity {
	return Quantity{new(big.Int).Add(q.value(), other.value())}
}

// Sub is the difference.
func (q Quantity) Sub(other Quantity) Quantity {
	return Quantity{new(big.Int).Sub(q.value(), other.value())}
}

// Neg is the same below zero.
func (q Quantity) Neg() Quantity { return Quantity{new(big.Int).Neg(q.value())} }

// Cmp is -1, 0 or +1, as q is less than, equal to or more than the other.
func (q Quantity) Cmp(other Quantity) int { return q.value().Cmp(other.value()) }

// Equal is whether both are the same number; == does not tell.
func (q Quantity) Equal(other Quantity) bool { return q.Cmp(other) == 0 }

// Sign is -1, 0 or +1.
func (q Quantity) Sign() int { return q.value().Sign() }

// MarshalText writes the quantity, also into JSON, as a text.
func (q Quantity) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads a quantity, as ParseQuantity does.
func (q *Quantity) UnmarshalText(text []byte) error {
	read, err := ParseQuantity(string(text))
	if err == nil {
		*q = read
	}
	return err
}

func (q Quantity) value() *big.Int {
	if q.millionths == nil {
		return new(big.Int)
	}
	return q.millionths
}
