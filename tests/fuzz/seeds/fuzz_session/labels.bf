blindfit-session 1
nonce 3c8c4cd06a6c67e9702f365c8793f769f95cb7c5226fb2642b044adcf1435a0e
split labels 8 9.9999999999999995e-07
owner a 069ebe2b8f48febdc6b2637e1043d3ce23d26bfb9d9a044940a9816c21ec94a9 f50b12ef5d1efd2bbfbf528a33210b1273b479d7a2512687649abd57633d7a76 64 labels
owner b 7c6b3d9ffca64c10381464f8f920dff2862980b0627698ea9d646efd98ef144b 3e55db1beb86eae82423a2c2f96ae2c7900cfa55b58d577b5417b5d63fee3c49 64 receives
job 854
{
	"blindfit_job":	2,
	"data_set":	"07ad3a03db82316bbcecf6dd5d65a27aafc128300a0ee144daf8a29db49dac99",
	"samples":	64,
	"features":	4,
	"classes":	2,
	"owners":	2,
	"recipe":	{
		"kind":	"whitened",
		"iterations":	1,
		"feature_map":	"auto",
		"sigmoid":	[0.12112193, -0.00063517999999999995],
		"sigmoid_range":	12,
		"lambda":	0.001,
		"clip":	1.25,
		"components":	0,
		"steps":	[4, 4, 4],
		"batch":	0
	},
	"layout":	{
		"features_per_ciphertext":	64,
		"dense_places":	1
	},
	"log2_scales":	{
		"rows":	20.474243946553518,
		"mask":	13.707518749639421,
		"labels":	24.449999999999999,
		"dense":	24.449999999999999,
		"start":	0
	},
	"polynomial":	{
		"division":	"joined",
		"primes":	1
	},
	"rings":	[{
			"log2_ring_degree":	13,
			"digit_limbs":	2,
			"primes":	[6817912504321, 33538049],
			"special_primes":	[71930232833, 71930576897]
		}]
}
