blindfit-session 1
nonce ea0b55a3408b05bfb80d8d30924c974eab46a20541b7bfa7f0f07bb5d5704712
split rows
owner a 29d282e6e9f5f65ba616c046cdf3ba6347a0ca80f23e6be465195f2b4833af39 13bba3111899c830cb00bacd7f81ddeea6a15aba9bb94244866cf33d5b219201 60 receives
owner b 4cdfc73d79ca4e09016799d61eb106d563f02ed5838336013cce8b9bc6b5ee76 e61653389d4d2693d5de57775dd5e618a7afef6b5e25124f89186cbf796bf022 68 receives
job 835
{
	"blindfit_job":	2,
	"data_set":	"fc077e3f140a7d233f575c402298797d85965d90093d7c23984cd4bfe2221f9f",
	"samples":	128,
	"features":	8,
	"classes":	3,
	"recipe":	{
		"kind":	"whitened",
		"iterations":	2,
		"feature_map":	"none",
		"sigmoid":	[0.12112193, -0.00063517999999999995],
		"sigmoid_range":	12,
		"lambda":	0.02,
		"clip":	1.25,
		"components":	0,
		"steps":	[4, 4, 4],
		"batch":	0
	},
	"layout":	{
		"features_per_ciphertext":	4,
		"dense_places":	1
	},
	"log2_scales":	{
		"rows":	15.903512562749322,
		"mask":	9.2946207488916261,
		"labels":	24,
		"dense":	20.75,
		"start":	0
	},
	"polynomial":	{
		"division":	"late",
		"primes":	0
	},
	"rings":	[{
			"log2_ring_degree":	13,
			"digit_limbs":	1,
			"primes":	[516227383492609, 418764158451713, 625905614849, 33538049],
			"special_primes":	[27000833, 26984449]
		}]
}
