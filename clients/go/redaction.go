package lotkeeper

import "regexp"

var secretForms = []struct {
	form    *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`lk_[A-Za-z0-9_-]{16,}`), "lk_***"},
	{regexp.MustCompile(`(?i)\b(bearer\s+)[^\s'"]+`), "$1***"},
	{regexp.MustCompile(`(://[^\s/@:]*:)[^\n]*@`), "$1***@"},
}

// withoutSecrets is the text with *** in the place of tokens, and of passwords in URLs.
func withoutSecrets(text string) string {
	for _, one := range secretForms {
		text = one.form.ReplaceAllString(text, one.instead)
	}
	return text
}
