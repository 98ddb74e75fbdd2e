package lotkeeper

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// Millis is a moment for a field of a request, such as EndDateMillis: milliseconds since the epoch. What is finer than a
// millisecond is cut off.
func Millis(moment time.Time) *int64 {
	millis := moment.UnixMilli()
	return &millis
}

// Moment is the moment of a message's field, such as record.GetEndDate(), in UTC; the zero Time where it is not set, as
// is the end of what is still running.
func Moment(timestamp *timestamppb.Timestamp) time.Time {
	if timestamp == nil {
		return time.Time{}
	}
	return timestamp.AsTime()
}
